// The Vercel AI SDK with its providers: chat completions, Responses (its default) and Messages.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
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

const PROVIDERS = {
  "openai-chat": (given, model) => createOpenAI(given).chat(model),
  "openai-responses": (given, model) => createOpenAI(given)(model),
  "openai-compatible": (given, model) =>
    createOpenAICompatible({
      ...given,
      name: "gateway",
      includeUsage: true,
      supportsStructuredOutputs: true,
    })(model),
  anthropic: (given, model) => createAnthropic(given)(model),
};

const members = (asked) => ({
  model: PROVIDERS[process.env.PROVIDER]({ baseURL: URL_V1, apiKey: asked.key }, asked.model),
  system: SYSTEM,
  prompt: asked.prompt,
  maxOutputTokens: MAX_TOKENS,
  temperature: TEMPERATURE,
  maxRetries: 0,
});

const told = (text, finish, usage) => ({
  text,
  finish,
  input: usage.inputTokens,
  output: usage.outputTokens,
  cached: usage.inputTokenDetails?.cacheReadTokens,
});

async function chat(asked) {
  const { text, finishReason, usage } = await generateText(members(asked));
  return told(text, finishReason, usage);
}

/** The parts of a stream; an error in it is raised, which the SDK leaves to the application. */
async function* parts(result) {
  for await (const part of result.fullStream) {
    if (part.type === "error") throw part.error;
    yield part;
  }
}

async function stream(asked) {
  const result = streamText({ ...members(asked), onError: () => {} });
  const pieces = [];
  for await (const part of parts(result)) if (part.type === "text-delta") pieces.push(part.text);
  const seen = told(pieces.join(""), await result.finishReason, await result.usage);
  return { ...seen, pieces: pieces.length };
}

async function tools(asked) {
  const calls = [];
  const execute = async (given) => {
    calls.push(["weather", given]);
    return weather(given);
  };
  const result = streamText({
    ...members(asked),
    tools: { weather: tool({ description: WEATHER, inputSchema: jsonSchema(WEATHER_SCHEMA), execute }) },
    stopWhen: stepCountIs(3),
    onError: () => {},
  });
  let deltas = 0;
  for await (const part of parts(result)) if (part.type === "tool-input-delta") deltas += 1;
  return { calls, deltas, text: await result.text };
}

async function structured(asked) {
  const output = Output.object({ schema: jsonSchema(REPORT_SCHEMA), name: "report" });
  const result = await generateText({ ...members(asked), output });
  return { parsed: result.output };
}

await run({ chat, stream, tools, structured });
