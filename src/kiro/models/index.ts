/** The door of the models alone, for a plugin's start, which loads it only where nothing is ready to be offered. */
export { mergeModelLists, readModelLists } from "./lists.ts"
export { describeModel, type OfferedModel, offeredModels } from "./resolve.ts"
