import {
  insertTurn,
  readModelLists,
  readRefusedFields,
  readRegistrations,
  readTurns,
  writeModelList,
  writeRefusedField,
  writeRegistration,
} from "./knowledge-rows.ts"
import type { AccountStore } from "./store.ts"
import type { Writer } from "./writer.ts"

type KnowledgePart = Pick<
  AccountStore,
  | "addTurn"
  | "turns"
  | "modelLists"
  | "setModelList"
  | "refusedFields"
  | "addRefusedField"
  | "registrations"
  | "saveRegistration"
>

export function knowledgePart(writer: Writer): KnowledgePart {
  const { connection } = writer
  return {
    addTurn: (turn) => writer.writeOr(undefined, (database) => insertTurn(database, turn)),
    turns: (filter = {}) => connection.read((database) => readTurns(database, filter), []),
    modelLists: () => connection.read(readModelLists, []),
    setModelList: (list) => writer.writeOr(undefined, (database) => writeModelList(database, list)),
    refusedFields: () => connection.read(readRefusedFields, []),
    addRefusedField: (field) => writer.writeOr(undefined, (database) => writeRefusedField(database, field)),
    registrations: () => connection.read(readRegistrations, []),
    saveRegistration: (registration) =>
      writer.write((database) => writeRegistration(database, registration), { durable: true }),
  }
}
