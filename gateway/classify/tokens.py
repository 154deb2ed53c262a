"""The table of keys and tokens that their issuers gave a shape: what to look for, one line each.

Shapes are those that the issuers document, or that GitHub's secret scanning lists as patterns of partners
(docs.github.com, "Supported secret scanning patterns"). A row is a name, how the token begins, and what
follows: RE2 syntax.
"""

from __future__ import annotations

from typing import Final

Row = tuple[str, str, str]

_HEX: Final = "[0-9a-f]"
_AN: Final = "[A-Za-z0-9]"
_URL: Final = r"[\w-]"

API_KEYS: Final[tuple[Row, ...]] = (
    # language models
    ("OpenAI", "sk-(?:proj|svcacct|admin|None)-", _URL + "{20,}"),
    ("OpenAI, DeepSeek and their kin", "sk-", _AN + "{20,}"),
    ("Anthropic", "sk-ant-", _URL + "{16,}"),
    ("OpenRouter", "sk-or-v1-", _HEX + "{40,}"),
    ("Langfuse", "sk-lf-", r"[\da-f]{8}-[\da-f-]{27}"),
    ("Hugging Face", "(?:hf|api_org)_", _AN + "{30,}"),
    ("Groq", "gsk_", _AN + "{40,}"),
    ("xAI", "xai-", _AN + "{40,}"),
    ("Replicate", "r8_", _AN + "{32,}"),
    ("Perplexity", "pplx-", _AN + "{40,}"),
    ("NVIDIA", "nvapi-", _URL + "{40,}"),
    ("Tavily", "tvly-", _URL + "{20,}"),
    ("Fireworks", "fw_", _AN + "{22,}"),
    ("LangSmith", "lsv2_(?:pt|sk)_", _HEX + "{32}_" + _HEX + "{10}"),
    ("Weights & Biases", "wandb_v1_", _URL + "{40,}"),
    ("Pinecone", "pcsk_", r"\w{50,}"),
    ("Voyage", "pa-", _URL + "{40,}"),
    ("Cerebras", "csk-", _AN + "{40,}"),
    ("ElevenLabs", "sk_", _HEX + "{48}"),
    # clouds and hosts
    ("AWS", "(?:AKIA|ASIA|ABIA|ACCA)", "[A-Z2-7]{16}"),
    ("AWS Bedrock", "ABSK", r"[A-Za-z0-9+/]{60,}={0,2}"),
    ("Google", "AIza", _URL + "{35}"),
    ("Google OAuth client", "GOCSPX-", _URL + "{28}"),
    ("DigitalOcean", "do[opr]_v1_", _HEX + "{64}"),
    ("Alibaba", "LTAI", _AN + "{17,26}"),
    ("Tencent", "AKID", _AN + "{28,36}"),
    ("IBM Cloud Pak", "ApiKey-", r"[\da-f]{8}-[\da-f-]{27}"),
    ("Yandex", "(?:AQVN|YCAJ|YCM)", _URL + "{30,}"),
    ("Scaleway", "SCW", "[A-Z0-9]{17}"),
    ("Linode, Hetzner's kin", "linode_", _AN + "{40,}"),
    ("Heroku", "HRKU-", _URL + "{36,}"),
    ("Netlify", "nf[pcoub]_", _AN + "{36}"),
    ("Vercel", "vc[pikar]_", _AN + "{24,}"),
    ("Fly.io", "(?:FlyV1 )?fm[12][ar]?_", "[A-Za-z0-9+/]{60,}={0,3}"),
    ("Render", "rnd_", _AN + "{28,}"),
    ("Supabase", "sb(?:p|_secret)_", _URL + "{30,}"),
    ("PlanetScale", "pscale_(?:tkn|pw|oauth)_", r"[\w.=-]{32,}"),
    ("Databricks", "d(?:api|ose|kea|csa)", _HEX + "{32}(?:-[0-9])?"),
    ("Snowflake", "ver:1-hint:", r"[\w:-]{20,}"),
    ("Cloudflare origin CA", "v1.0-", _HEX + "{24}-" + _HEX + "{146}"),
    ("Azure DevOps", "(?:AZDO|azd)", _AN + "{76,}"),
    ("Neon", "napi_", _AN + "{40,}"),
    ("Upstash, Turso", "(?:ups|tursosk)_", _URL + "{30,}"),
    # code and packages
    ("GitHub", "gh[pousr]_", _AN + "{30,}"),
    ("GitHub, fine-grained", "github_pat_", r"\w{22,}"),
    ("GitLab", "gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas|ffct|sa)[-_]", _URL + r"{20,}(?:\.[\w.-]{4,})?"),
    ("Bitbucket, Jira, Confluence", "AT(?:ATT|CTT|BB)3?x?", r"[\w-]{24,}(?:=[0-9A-F]{8})?"),
    ("npm", "npm_", _AN + "{30,}"),
    ("PyPI", "pypi-AgE", _URL + "{40,}"),
    ("RubyGems", "rubygems_", _HEX + "{48}"),
    ("crates.io", "cio", _AN + "{32}"),
    ("NuGet", "oy2", "[a-z0-9]{43}"),
    ("Docker Hub", "dckr_(?:pat|oat)_", _URL + "{27,}"),
    ("JFrog", "AKCp", _AN + "{65,}"),
    ("JFrog reference token", "cmVmdGtu", _AN + "{50,}"),
    ("Clojars", "CLOJARS_", "[a-z0-9]{60}"),
    ("Buildkite", "bk(?:ua|aj|at|cq)_", _HEX + "{40}"),
    ("CircleCI", "CCI(?:PAT|PRJ)_", r"\w{40,}"),
    ("Sourcegraph", "sgp_", r"(?:\w{16}_|local_)?[0-9a-f]{40}"),
    ("SonarQube", "sq[pua]_", _HEX + "{40}"),
    ("Snyk", "snyk_(?:uat|sat)[._]", r"[\w.-]{30,}"),
    ("Pulumi", "pul-", _HEX + "{40}"),
    ("Doppler", r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{1,35}\.)?", _AN + "{40,44}"),
    ("Infisical", r"st\.[0-9a-f]{8}", r"[\w.-]{60,}"),
    ("1Password", "ops_eyJ", r"[\w-]{100,}={0,2}"),
    ("1Password key", "A3-", "[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"),
    ("Prefect", "pn[ub]_", "[A-Za-z0-9]{36}"),
    ("ReadMe", "rdme_", "[a-z0-9]{70}"),
    ("Postman", "PMAK-", _HEX + "{24}-" + _HEX + "{34}"),
    ("Bruno, Unkey", "unkey_", _AN + "{22,}"),
    # money
    ("Stripe", "(?:sk|rk)_(?:live|test|prod)_", _AN + "{10,}"),
    ("Stripe and Svix webhooks", "whsec_", "[A-Za-z0-9+/]{20,}={0,2}"),
    ("Square", "sq0(?:csp|atp|idp)-", _URL + "{22,}"),
    ("Square, PayPal", "EAAA[a-zA-Z0-9]", _URL + "{59}"),
    ("Braintree", r"access_token\$(?:production|sandbox)\$", r"[0-9a-z]{16}\$[0-9a-f]{32}"),
    ("Shopify", "shp(?:at|ca|pa|ss|ua)_", "[a-fA-F0-9]{32}"),
    ("Plaid", "access-(?:sandbox|development|production)-", r"[\da-f]{8}-[\da-f-]{27}"),
    ("Flutterwave", "FLWSECK(?:_TEST)?-", r"[\w]{12,}(?:-X)?"),
    ("Razorpay", "rzp_(?:live|test)_", _AN + "{14,}"),
    ("Paystack, Lemon", "(?:pk|sk)_prod_", _AN + "{24,}"),
    ("Adyen", "AQE[a-z]hm", r"[A-Za-z0-9+/=^.,:;&%-]{60,}"),
    ("EasyPost", "EZ[AT]K", _AN + "{54}"),
    ("Duffel", "duffel_(?:live|test)_", _URL + "{43}"),
    ("Mollie", "live_", _AN + "{30}"),
    ("Coinbase", "organizations/", r"[\da-f]{8}-[\da-f-]{27}/apiKeys/[\da-f]{8}-[\da-f-]{27}"),
    # messages and mail
    ("SendGrid", r"SG\.", r"[\w-]{16,}\.[\w-]{16,}"),
    ("Mailgun", "(?:pub)?key-", _HEX + "{32}"),
    ("Twilio", "SK", _HEX + "{32}"),
    ("Brevo", "x(?:keysib|smtpsib)-", _HEX + "{64}-" + _AN + "{16}"),
    ("Resend", "re_", _AN + r"{8,}_[A-Za-z0-9]{16,}"),
    ("Mailersend", r"mlsn\.", _HEX + "{64}"),
    ("MessageBird, Bird", "AccessKey ", _AN + "{25,}"),
    ("Intercom", "dG9r", r"[A-Za-z0-9+/]{40,}={0,2}"),
    ("HubSpot", "pat-(?:na|eu|ap)[0-9]-", r"[\da-f]{8}-[\da-f-]{27}"),
    ("Typeform", "tfp_", r"[\w=.-]{40,}"),
    # watching, data, work
    ("Grafana", "gl(?:sa|c)_", r"[\w+/=-]{32,}"),
    ("New Relic", "NR(?:AK|JS|BR|II|AA|RA|SP|IQ)-", "[A-Za-z0-9_-]{19,}"),
    ("Sentry", "sntry[su]_", r"[\w+/=-]{40,}"),
    ("Dynatrace", r"dt0[a-z]\d\d\.", r"[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("PostHog", "ph[xs]_", _AN + "{40,}"),
    ("Rollbar, Honeycomb", "hc[a-z]{2}k_", "[a-z0-9]{58}"),
    ("Axiom", "xa[ap]t-", r"[\da-f]{8}-[\da-f-]{27}"),
    ("Logfire", "pylf_v1_[a-z]{2}_", _AN + "{40,}"),
    ("Airtable", "pat", _AN + r"{14}\.[0-9a-f]{64}"),
    ("Notion", "(?:ntn|secret)_", _AN + "{43,}"),
    ("Linear", "lin_(?:api|oauth)_", _AN + "{32,}"),
    ("Figma", "fig[dou]r?_", _URL + "{40,}"),
    ("ClickUp", "pk_", r"\d{6,9}_[A-Z0-9]{32}"),
    ("Contentful", "CFPAT-", _URL + "{43}"),
    ("Adobe", "p8e-", _AN + "{32}"),
    ("Frame.io", "fio-u-", _URL + "{64}"),
    ("Mapbox", r"sk\.eyJ", r"[\w-]{30,}\.[\w-]{20,}"),
    ("LaunchDarkly", "sdk-", r"[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}"),
    ("Harness", r"[ps]at\.", r"[\w-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}"),
    ("Defined Networking", "dnkey-", r"[a-z0-9=_-]{26}-[a-z0-9=_-]{52}"),
    ("Tailscale", "tskey-", r"(?:[a-z]{2,10}-)?\w{8,}-[\w]{16,}"),
    ("Ory, Clerk's kin", "ory_(?:pat|st|at|ac)_", _URL + "{32,}"),
    ("Settlemint", "sm_(?:pat|aat|sat)_", _AN + "{16,}"),
    ("Artifact Hub, Apify", "apify_api_", _AN + "{30,}"),
)  # fmt: skip

ACCESS_TOKENS: Final[tuple[Row, ...]] = (
    ("Slack", "xox[abceoprs](?:-|\\.xox[bp]-)", "[A-Za-z0-9-]{10,}"),
    ("Slack app", "xapp-", "[A-Za-z0-9-]{20,}"),
    ("Slack webhook", r"https://hooks\.slack(?:-gov)?\.com/", r"(?:services|workflows|triggers)/[\w+/-]{"
    r"40,}"),
    ("Discord webhook", r"https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/", r"\d{17,20}/["
    r"\w-]{60,}"),
    ("Google OAuth", r"ya29\.", _URL + "{20,}"),
    ("Google refresh", "1//0", _URL + "{40,}"),
    ("Vault", r"hv[sbr]\.", _URL + "{16,}"),
    ("Facebook, Instagram", "(?:EAA|IGQV)", _AN + "{80,}"),
    ("Dropbox", r"sl\.(?:u\.)?", _URL + "{120,}"),
    ("OpenShift", "sha256~", _URL + "{43}"),
    ("Twitch", "oauth:", "[a-z0-9]{30}"),
    ("LinkedIn", "AQ[VXWU]", _URL + "{150,}"),
    ("Telegram", r"\d{8,10}:AA", _URL + "{20,33}"),
    ("Microsoft refresh", r"[01]\.A[\w]{3}", r"[\w.-]{200,}"),
    ("AWS session", "(?:FwoGZXIvYXdz|IQoJb3JpZ2lu)", "[A-Za-z0-9+/]{80,}={0,2}"),
)  # fmt: skip

# Shapes without a beginning of their own: what is telling in them, and the whole.
INSIDE: Final[tuple[Row, ...]] = (
    ("Mailchimp", r"-us\d", r"[0-9a-f]{32}-us\d{1,2}"),
    ("Terraform Cloud", r"\.atlasv1\.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,}"),
    ("New Relic licence", "NRAL", r"[0-9a-f]{30,36}(?:FFFF)?NRAL"),
    ("Firebase messaging", ":APA91b", r"AAAA[\w-]{7}:APA91b[\w-]{120,}"),
    ("MaxMind", "_mmk", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    ("Asana", r"/\d{16}:", r"\d/\d{16}:[0-9a-f]{32}"),
    ("Teams webhook bot", r"webhook\.office\.com/", r"https://[\w-]{1,40}\.webhook\.office\.com/webhookb"
    r"2/[\w@-]{40,}/IncomingWebhook/\w{32}/[\w-]{36}"),
    ("Azure AD client secret", "Q~", r"[\w.~-]{3}\dQ~[\w.~-]{31,34}"),
    ("Discord bot", r"(?:^|[^\w.-])[MNO][A-Za-z0-9][\w-]{21}", r"[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,38}"),
)  # fmt: skip
