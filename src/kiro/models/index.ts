/** The door of the models alone: a plugin's start pays for each file it loads, and needs no more of this room. */
export type { KiroModel, LiveModel } from "./catalogue.ts"
export { decodeModelLists, mergeModelLists } from "./lists.ts"
export { offeredModels, qualifiedId, resolveModel } from "./resolve.ts"
