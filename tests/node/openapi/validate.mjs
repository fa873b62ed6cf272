// Values against the schemas of an OpenAPI document.
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const inAll = "https://document.example/openapi.json";

/** Gives `check(pointer, value)`: what is wrong with the value by the schema at that pointer; null when nothing is. */
export function validator(document) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  for (const format of ["uint32", "uint64"]) ajv.addFormat(format, { type: "number", validate: (n) => n >= 0 });
  ajv.addSchema(document, inAll);
  const known = new Map();
  return (pointer, value) => {
    if (!known.has(pointer)) known.set(pointer, ajv.compile({ $ref: `${inAll}#${pointer}` }));
    const validate = known.get(pointer);
    return validate(value) ? null : ajv.errorsText(validate.errors);
  };
}
