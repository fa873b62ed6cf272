// A chat model of LangChain that says what a script says.
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage } from "@langchain/core/messages";

/**
 * Says the lines of `script` one after the other. A line is a text, the call of a tool as `{name, args}`, or that of a
 * function (their older form) as `{function_call: {name, arguments}}`.
 */
export class ScriptedModel extends BaseChatModel {
  heard = [];
  /** The names of the tools or functions that it was offered. */
  offered = [];

  constructor(script) {
    super({});
    this.script = [...script];
  }

  _llmType() {
    return "scripted";
  }

  bindTools(tools) {
    this.offered = tools.map((tool) => tool.name);
    return this;
  }

  async _generate(messages, options) {
    this.heard = messages;
    if (options.functions) this.offered = options.functions.map((each) => each.name);
    const line = this.script.shift() ?? "The script is at its end.";
    const message = this.#message(line);
    return { generations: [{ message, text: message.content }] };
  }

  #message(line) {
    if (typeof line === "string") return new AIMessage(line);
    if (line.function_call) {
      return new AIMessage({ content: "", additional_kwargs: { function_call: line.function_call } });
    }
    const call = { ...line, id: `call-${this.script.length}`, type: "tool_call" };
    return new AIMessage({ content: "", tool_calls: [call] });
  }

  /** What tools have answered, oldest first. */
  get answers() {
    const answers = this.heard.filter((message) => message.getType() === "tool");
    return answers.map((message) => message.content);
  }
}
