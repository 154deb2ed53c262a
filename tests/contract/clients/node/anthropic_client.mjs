// The official `@anthropic-ai/sdk` for Node.js, through Messages.
import Anthropic from "@anthropic-ai/sdk";
import {
  MAX_TOKENS,
  ORIGIN,
  REPORT_SCHEMA,
  SYSTEM,
  TEMPERATURE,
  WEATHER,
  WEATHER_SCHEMA,
  run,
  weather,
} from "./cases.mjs";

const TOOL = { name: "weather", description: WEATHER, input_schema: WEATHER_SCHEMA };

const client = (asked) => new Anthropic({ baseURL: ORIGIN, apiKey: asked.key, maxRetries: 0 });

const members = (asked) => ({
  model: asked.model,
  system: SYSTEM,
  messages: [{ role: "user", content: asked.prompt }],
  max_tokens: MAX_TOKENS,
  temperature: TEMPERATURE,
  stop_sequences: ["END", "STOP"],
  metadata: { user_id: "user-1" },
});

const told = (reply) => ({
  text: reply.content.map((block) => block.text ?? "").join(""),
  finish: reply.stop_reason,
  input: reply.usage.input_tokens + (reply.usage.cache_read_input_tokens ?? 0),
  output: reply.usage.output_tokens,
  cached: reply.usage.cache_read_input_tokens,
});

const chat = async (asked) => told(await client(asked).messages.create(members(asked)));

async function stream(asked) {
  const pieces = [];
  const events = client(asked).messages.stream(members(asked));
  events.on("text", (piece) => pieces.push(piece));
  return { ...told(await events.finalMessage()), text: pieces.join(""), pieces: pieces.length };
}

async function tools(asked) {
  const about = { ...members(asked), tools: [TOOL] };
  let deltas = 0;
  const events = client(asked).messages.stream(about);
  events.on("inputJson", () => (deltas += 1));
  const said = await events.finalMessage();
  const calls = said.content.filter((block) => block.type === "tool_use");
  const content = calls.map((call) => ({
    type: "tool_result",
    tool_use_id: call.id,
    content: weather(call.input),
  }));
  const messages = [...about.messages, { role: "assistant", content: said.content }, { role: "user", content }];
  const final = await client(asked).messages.create({ ...about, messages });
  return { calls: calls.map((call) => [call.name, call.input]), deltas, text: told(final).text };
}

async function structured(asked) {
  const format = { type: "json_schema", schema: REPORT_SCHEMA };
  const reply = await client(asked).messages.create({ ...members(asked), output_config: { format } });
  return { parsed: JSON.parse(told(reply).text) };
}

await run({ chat, stream, tools, structured });
