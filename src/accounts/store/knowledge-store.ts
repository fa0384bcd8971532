import {
  createModelListReader,
  creditsOfDay,
  insertTurn,
  isBudgetLifted,
  readRefusedFields,
  readRegistrations,
  readTurns,
  writeBudgetLift,
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
  | "creditsOfDay"
  | "isBudgetLifted"
  | "liftBudget"
  | "modelLists"
  | "setModelList"
  | "refusedFields"
  | "addRefusedField"
  | "registrations"
  | "saveRegistration"
>

export function knowledgePart(writer: Writer): KnowledgePart {
  const { connection } = writer
  const readModelLists = createModelListReader()
  return {
    addTurn: (turn) => writer.writeOr(undefined, (database) => insertTurn(database, turn)),
    turns: (filter = {}) => connection.read((database) => readTurns(database, filter), []),
    creditsOfDay: (day) => connection.read((database) => creditsOfDay(database, day), 0),
    isBudgetLifted: (day) => connection.read((database) => isBudgetLifted(database, day), false),
    liftBudget: (day) => writer.write((database) => writeBudgetLift(database, day)),
    modelLists: () => connection.read(readModelLists, []),
    setModelList: (list) => writer.writeOr(undefined, (database) => writeModelList(database, list)),
    refusedFields: () => connection.read(readRefusedFields, []),
    addRefusedField: (field) => writer.writeOr(undefined, (database) => writeRefusedField(database, field)),
    registrations: () => connection.read(readRegistrations, []),
    saveRegistration: (registration) =>
      writer.write((database) => writeRegistration(database, registration), { durable: true }),
  }
}
