/** Recognizes fields that belong to the protocol between an engine and the runtime of a module. */

const OWN_TYPES = ["FunctionCall", "FunctionCallArgValue", "Error", "CurrentModule"];
const OWN_FIELDS = /^(?:currentFunctionCall|currentModule|error|node|load\w+FromID)$/;

/**
 * Returns whether a field belongs to that protocol. With it, a runtime reads its task, reports its result,
 * or loads an object again. Engines create no spans for it.
 */
export function isOwnBusiness(typeName: string, field: string): boolean {
  return OWN_TYPES.includes(typeName) || (typeName === "Query" && OWN_FIELDS.test(field));
}
