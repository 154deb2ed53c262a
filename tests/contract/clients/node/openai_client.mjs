// The official `openai` client for Node.js, through chat completions.
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
  function: { name: "weather", description: WEATHER, parameters: WEATHER_SCHEMA, strict: true },
};

const client = (asked) => new OpenAI({ baseURL: URL_V1, apiKey: asked.key, maxRetries: 0 });

const members = (asked) => ({
  model: asked.model,
  messages: [
    { role: "developer", content: SYSTEM },
    { role: "user", content: asked.prompt },
  ],
  max_completion_tokens: MAX_TOKENS,
  temperature: TEMPERATURE,
  stop: ["END", "STOP"],
  user: "user-1",
  metadata: { team: "weather" },
  safety_identifier: "safe-1",
  prompt_cache_key: "cache-1",
});

async function chat(asked) {
  const reply = await client(asked).chat.completions.create(members(asked));
  const [choice] = reply.choices;
  return {
    text: choice.message.content,
    finish: choice.finish_reason,
    input: reply.usage.prompt_tokens,
    output: reply.usage.completion_tokens,
    cached: reply.usage.prompt_tokens_details.cached_tokens,
  };
}

async function stream(asked) {
  const chunks = await client(asked).chat.completions.create({
    ...members(asked),
    stream: true,
    stream_options: { include_usage: true },
  });
  const pieces = [];
  let finish, usage;
  for await (const chunk of chunks) {
    usage = chunk.usage ?? usage;
    for (const choice of chunk.choices) {
      finish = choice.finish_reason ?? finish;
      if (choice.delta.content) pieces.push(choice.delta.content);
    }
  }
  return {
    pieces: pieces.length,
    text: pieces.join(""),
    finish,
    input: usage.prompt_tokens,
    output: usage.completion_tokens,
  };
}

async function tools(asked) {
  const about = { ...members(asked), tools: [TOOL] };
  let deltas = 0;
  const events = client(asked).chat.completions.stream(about);
  events.on("tool_calls.function.arguments.delta", () => (deltas += 1));
  const said = (await events.finalChatCompletion()).choices[0].message;
  const calls = said.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
  const results = said.tool_calls.map((call, i) => ({
    role: "tool",
    tool_call_id: call.id,
    content: weather(calls[i][1]),
  }));
  const { role, content, tool_calls } = said;
  const turn = {
    role,
    content,
    tool_calls: tool_calls.map(({ id, type, function: { name, arguments: given } }) => ({
      id,
      type,
      function: { name, arguments: given },
    })),
  };
  const final = await client(asked).chat.completions.create({
    ...about,
    messages: [...about.messages, turn, ...results],
  });
  return { calls, deltas, text: final.choices[0].message.content };
}

async function structured(asked) {
  const format = { type: "json_schema", json_schema: { name: "report", schema: REPORT_SCHEMA, strict: true } };
  const reply = await client(asked).chat.completions.parse({ ...members(asked), response_format: format });
  return { parsed: JSON.parse(reply.choices[0].message.content) };
}

await run({ chat, stream, tools, structured });
