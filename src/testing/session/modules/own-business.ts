/** Which fields are between an engine and the runtime of a module alone. */

const OWN_TYPES = ["FunctionCall", "FunctionCallArgValue", "Error", "CurrentModule"];
const OWN_FIELDS = /^(?:currentFunctionCall|currentModule|error|node|load\w+FromID)$/;

/**
 * Whether a field is one by which a runtime asks what it is to do and says what came of it, or finds an object
 * again. Engines make no spans of these.
 */
export function isOwnBusiness(typeName: string, field: string): boolean {
  return OWN_TYPES.includes(typeName) || (typeName === "Query" && OWN_FIELDS.test(field));
}
