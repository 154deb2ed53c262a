// What every script of a Node.js client has in common; see ../python/cases.py, which this mirrors.
import net from "node:net";

const gateway = new URL(process.env.GATEWAY_URL);
export const ORIGIN = gateway.origin;
export const URL_V1 = `${gateway.origin}/v1`;
export const SYSTEM = "You speak of the weather in few words.";
export const WEATHER = "What the weather is in a city.";
export const MAX_TOKENS = 64;
export const TEMPERATURE = 0.5;
export const WEATHER_SCHEMA = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
export const REPORT_SCHEMA = {
  type: "object",
  properties: { city: { type: "string" }, degrees: { type: "integer" } },
  required: ["city", "degrees"],
  additionalProperties: false,
};

export const weather = ({ city }) => `${city}: 21 degrees`;

/** Runs every case with every model, and prints what the client saw or the error that it raised. */
export async function run({ chat, stream, tools, structured }) {
  const others = watch();
  const cases = {
    chat,
    stream,
    tools,
    structured,
    unknown_model: chat,
    wrong_key: chat,
    context_length: chat,
    busy: chat,
    broken: stream,
  };
  const client = process.env.CLIENT;
  const seen = {};
  for (const model of process.env.MODELS.split(",")) {
    seen[model] = {};
    for (const [name, ask] of Object.entries(cases)) {
      const asked = {
        model: name === "unknown_model" ? "no-such-model" : model,
        key: name === "wrong_key" ? "wrong-key" : process.env.GATEWAY_KEY,
        prompt: `${client}/${model}/${name}: how is the weather in Paris and in Oslo?`,
      };
      try {
        seen[model][name] = await ask(asked);
      } catch (error) {
        seen[model][name] = { error: told(error) };
      }
    }
  }
  console.log(JSON.stringify({ seen, others }));
}

/** An error as an application sees it: the class and the words, and what the client read of the body. */
export function told(error) {
  return {
    class: error instanceof Error ? error.constructor.name : typeof error,
    message: String(error.message),
    status_code: error.status ?? error.statusCode ?? null,
    code: error.code ?? null,
    param: error.param ?? null,
  };
}

/** Whom this process connects to beside the gateway: nobody, it is hoped. */
function watch() {
  const others = [];
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...given) {
    const { host, port } = given.flat()[0] ?? {};
    if (host !== gateway.hostname || String(port) !== gateway.port) others.push(`${host}:${port}`);
    return connect.apply(this, given);
  };
  return others;
}
