// The official `openai` client for Node.js, through Responses.
import OpenAI from "openai";
import {
  MAX_TOKENS,
  REPORT_SCHEMA,
  SYSTEM,
  TEMPERATURE,
  URL_V1,
  WEATHER,
  WEATHER_SCHEMA,
  run,
  weather,
} from "./cases.mjs";

const TOOL = {
  type: "function",
  name: "weather",
  description: WEATHER,
  parameters: WEATHER_SCHEMA,
  strict: true,
};

const client = (asked) => new OpenAI({ baseURL: URL_V1, apiKey: asked.key, maxRetries: 0 });

const members = (asked) => ({
  model: asked.model,
  instructions: SYSTEM,
  input: asked.prompt,
  max_output_tokens: MAX_TOKENS,
  temperature: TEMPERATURE,
  metadata: { team: "weather" },
  safety_identifier: "safe-1",
  prompt_cache_key: "cache-1",
});

const told = (reply) => ({
  text: reply.output_text,
  status: reply.status,
  input: reply.usage.input_tokens,
  output: reply.usage.output_tokens,
  cached: reply.usage.input_tokens_details.cached_tokens,
});

const chat = async (asked) => told(await client(asked).responses.create(members(asked)));

async function stream(asked) {
  const pieces = [];
  let first, last;
  for await (const event of await client(asked).responses.create({ ...members(asked), stream: true })) {
    first ??= event.type;
    last = event;
    if (event.type === "response.output_text.delta") pieces.push(event.delta);
  }
  if (last.type !== "response.completed") throw new Error(`the stream ended with ${last.type}`);
  return { ...told(last.response), text: pieces.join(""), pieces: pieces.length, first };
}

async function tools(asked) {
  const about = { ...members(asked), tools: [TOOL] };
  let deltas = 0;
  const events = client(asked).responses.stream(about);
  events.on("response.function_call_arguments.delta", () => (deltas += 1));
  const said = await events.finalResponse();
  const calls = said.output.filter((item) => item.type === "function_call");
  const results = calls.map((call) => ({
    type: "function_call_output",
    call_id: call.call_id,
    output: weather(JSON.parse(call.arguments)),
  }));
  const final = await client(asked).responses.create({
    ...about,
    input: [...results, { role: "user", content: asked.prompt }],
    previous_response_id: said.id,
  });
  return {
    calls: calls.map((call) => [call.name, JSON.parse(call.arguments)]),
    deltas,
    text: final.output_text,
  };
}

async function structured(asked) {
  const format = { type: "json_schema", name: "report", schema: REPORT_SCHEMA, strict: true };
  const reply = await client(asked).responses.parse({ ...members(asked), text: { format } });
  return { parsed: reply.output_parsed };
}

await run({ chat, stream, tools, structured });
