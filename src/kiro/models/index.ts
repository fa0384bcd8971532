/** The door of the models alone: a plugin's start pays for each file it loads, and needs no more of this room. */
export { decodeModelLists, mergeModelLists } from "./lists.ts"
export type { KiroModel } from "./model.ts"
export { offeredModels } from "./offered.ts"
export { qualifiedId, resolveModel } from "./resolve.ts"
export type { LiveModel } from "../model-list.ts"
