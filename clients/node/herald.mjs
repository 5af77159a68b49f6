// A client of Herald's HTTP API in one file, for Node 20 or newer, with nothing installed.
//
// Its methods are made of the description that the server gives at /openapi.json, or of a copy of it: one for each operation,
// named by its operationId, as sendMessage for send-message.
//
//   const herald = await connect("https://herald.example", token);
//   const accepted = await herald.sendMessage({ body: { channel: "email", … }, idempotencyKey: "order-1" });
//   await herald.getMessage({ id: accepted.id });
//
// Parameters of path and query are members of the argument; so are body, contentType and idempotencyKey. A body is sent as
// JSON, unless it is a string, bytes or an async iterable.

// What Herald refused: status, code, detail, and the faults in errors, each with pointer, code and detail.
export class Problem extends Error {
  constructor(status, problem, retryAfter) {
    super(`${status} ${problem.code}: ${problem.detail}`);
    Object.assign(this, { name: "Problem", status, code: problem.code, detail: problem.detail, errors: problem.errors ?? [], requestId: problem.requestId, retryAfter });
  }
}

export async function connect(url, token, description) {
  const base = url.replace(/\/+$/, "");
  const send = async (method, path, init = {}) => {
    const headers = { ...init.headers };
    if (token) headers.Authorization = `Bearer ${token}`;
    const answer = await fetch(base + path, { ...init, method, headers });
    const text = await answer.text();
    let value = text;
    if (/json/.test(answer.headers.get("Content-Type") ?? "") && text) value = JSON.parse(text);
    if (answer.ok) return text ? value : undefined;
    const wait = answer.headers.get("Retry-After");
    throw new Problem(answer.status, typeof value === "object" ? value : { code: "unreadable", detail: text.slice(0, 200) }, wait ? Number(wait) : undefined);
  };
  const herald = {};
  const paths = (description ?? (await send("GET", "/openapi.json"))).paths;
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const name = operation.operationId.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
      herald[name] = (argument = {}) => send(method.toUpperCase(), ...request(name, path, operation, argument));
    }
  }
  return Object.freeze(herald);
}

// request is the path of a call and what fetch needs for it.
function request(name, path, operation, { body, contentType, idempotencyKey, ...parameters }) {
  const places = Object.fromEntries((operation.parameters ?? []).map((p) => [p.name, p.in]));
  const query = new URLSearchParams();
  for (const [parameter, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    if (places[parameter] === "path") path = path.replace(`{${parameter}}`, () => encodeURIComponent(value));
    else if (places[parameter] === "query") query.set(parameter, value);
    else throw new TypeError(`${name} has no parameter ${parameter}`);
  }
  if (path.includes("{")) throw new TypeError(`${name} needs the parameter in ${path}`);
  const init = { headers: {} };
  if (idempotencyKey !== undefined) init.headers["Idempotency-Key"] = idempotencyKey;
  if (body !== undefined) {
    const raw = typeof body === "string" || body instanceof Uint8Array || body?.[Symbol.asyncIterator];
    init.body = raw ? (body[Symbol.asyncIterator] ? ReadableStream.from(body) : body) : JSON.stringify(body);
    if (raw && body[Symbol.asyncIterator]) init.duplex = "half";
    init.headers["Content-Type"] = contentType ?? (raw ? Object.keys(operation.requestBody?.content ?? {})[0] : "application/json");
  }
  return [query.size ? `${path}?${query}` : path, init];
}
