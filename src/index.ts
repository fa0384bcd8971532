export { plugin as default } from "./plugin/plugin.ts"
