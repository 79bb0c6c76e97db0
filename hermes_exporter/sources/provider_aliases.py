"""By which other names an owner may call a model provider; what Hermes writes down itself is always the first.

Source: the names that Hermes takes for one another, its bundled plugins included. Newer versions add to them.
"""

from __future__ import annotations

_ALIASES = {
    "alibaba": "alibaba-cloud dashscope qwen-dashscope",
    "alibaba-coding-plan": "alibaba-coding alibaba_coding alibaba_coding_plan dashscope-coding",
    "anthropic": "claude claude-code claude-oauth",
    "arcee": "arcee-ai arceeai",
    "azure-foundry": "azure azure-ai azure-ai-foundry",
    "bedrock": "amazon amazon-bedrock aws aws-bedrock",
    "copilot": "github github-copilot github-model github-models",
    "copilot-acp": "copilot-acp-agent github-copilot-acp",
    "custom": "llama-cpp llama.cpp llamacpp local ollama vllm",
    "deepinfra": "deep-infra deepinfra-ai",
    "deepseek": "deepseek-chat",
    "fireworks": "fireworks-ai fw",
    "gemini": "google google-ai-studio google-gemini",
    "gmi": "gmi-cloud gmicloud",
    "google-gemini-cli": "gemini-cli gemini-oauth",
    "huggingface": "hf hugging-face huggingface-hub",
    "kilocode": "kilo kilo-code kilo-gateway",
    "kimi-coding": "kimi kimi-for-coding moonshot",
    "kimi-coding-cn": "kimi-cn moonshot-cn",
    "lmstudio": "lm-studio lm_studio",
    "minimax": "mini-max",
    "minimax-cn": "minimax-china minimax_cn",
    "minimax-oauth": "minimax-global minimax-oauth-io minimax-portal minimax_oauth",
    "nous": "nous-portal nousresearch",
    "novita": "novita-ai novitaai",
    "nvidia": "nvidia-nim",
    "ollama-cloud": "ollama_cloud",
    "openai-codex": "codex openai_codex",
    "opencode-go": "go opencode-go-sub opencode_go",
    "opencode-zen": "opencode opencode_zen zen",
    "openrouter": "or",
    "qwen-oauth": "qwen qwen-cli qwen-portal",
    "stepfun": "step stepfun-coding-plan",
    "tencent-tokenhub": "tencent tencent-cloud tencentmaas tokenhub",
    "upstage": "solar",
    "vertex": "gcp-vertex google-vertex vertex-ai",
    "xai": "grok x-ai x.ai",
    "xai-oauth": "grok-oauth x-ai-oauth xai-grok-oauth",
    "xiaomi": "mimo xiaomi-mimo",
    "zai": "glm z-ai z.ai zhipu",
}
_CANONICAL = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}


def canonical(name: str) -> str:
    """Return what Hermes calls a provider that its owner may call otherwise."""
    return _CANONICAL.get(name, name)
