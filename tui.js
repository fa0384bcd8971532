// OpenCode 2 loads this file where a checkout's folder is named as a plugin.
export { default } from "./dist/tui/tui.js"
