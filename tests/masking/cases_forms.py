"""The forms of credentials, for the cases: as issuers publish them, never a credential.

{kind:n} stands for n characters of a kind, made from the seed of the case (see expand()).
"""

import random
import re
import uuid
import zlib

DIGIT = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = LOWER.upper()
KINDS = {
    "digit": DIGIT,
    "lower": LOWER,
    "upper": UPPER,
    "alpha": LOWER + UPPER,
    "alnum": LOWER + UPPER + DIGIT,
    "lalnum": LOWER + DIGIT,
    "ualnum": UPPER + DIGIT,
    "hex": DIGIT + "abcdef",
    "HEX": DIGIT + "ABCDEF",
    "base32": UPPER + "234567",
    "base58": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    "base64": LOWER + UPPER + DIGIT + "+/",
    "base64url": LOWER + UPPER + DIGIT + "-_",
    "bech32": "qpzry9x8gf2tvdw0s3jn54khce6mua7l",
}
BASE62 = DIGIT + UPPER + LOWER


def run(rng, kind, n):
    """n characters of a kind, with a digit, a lower and an upper letter where the kind has them; it begins and ends
    with a letter or a digit, so that what stands beside it is never a part of it."""
    letters = KINDS[kind]
    plain = [c for c in letters if c.isalnum()]
    out = [rng.choice(letters) for _ in range(n)]
    if n >= 5:
        places = rng.sample(range(1, n - 1), 3)
        for place, group in zip(places, (DIGIT, LOWER, UPPER)):
            of_group = [c for c in letters if c in group]
            if of_group:
                out[place] = rng.choice(of_group)
    out[0] = rng.choice(plain)
    out[-1] = rng.choice(plain)
    return "".join(out)


def crc_token(rng):
    body = run(rng, "alnum", 30)
    value, tail = zlib.crc32(body.encode()), ""
    while value:
        value, digit = divmod(value, 62)
        tail = BASE62[digit] + tail
    return body + tail.rjust(6, "0")


def expand(form, rng):
    """The form with every {kind:n} filled in."""

    def fill(match):
        kind, n = match[1], match[2]
        if kind == "uuid":
            return str(uuid.UUID(int=rng.getrandbits(128), version=4))
        if kind == "crc32":
            return crc_token(rng)
        return run(rng, kind, int(n)) if kind in KINDS else match[0]

    return re.sub(r"\{(\w+)(?::(\w+))?\}", fill, form)


def rng_of(name):
    return random.Random("scrubjay/" + name)


# Recognised by themselves, wherever they are.
PREFIXED = {
    "aws-access-key-id": "AKIA{base32:16}",
    "aws-temporary-key-id": "ASIA{base32:16}",
    "aws-bedrock": "ABSK{base64:128}",
    "gcp-api-key": "AIza{base64url:35}",
    "google-oauth-secret": "GOCSPX-{base64url:28}",
    "google-access-token": "ya29.{base64url:120}",
    "azure-client-secret": "{alnum:3}8Q~{alnum:34}",
    "azure-devops-pat": "{alnum:76}AZDO{alnum:4}",
    "digitalocean": "dop_v1_{hex:64}",
    "heroku": "HRKU-AA{base64url:58}",
    "cloudflare": "cfut_{alnum:40}{hex:8}",
    "fly": "fm2_{alnum:160}",
    "render": "rnd_{alnum:28}",
    "netlify": "nfp_{alnum:36}",
    "vercel": "vcp_{base64url:56}",
    "pulumi": "pul-{hex:40}",
    "doppler": "dp.pt.{alnum:43}",
    "terraform": "{alnum:14}.atlasv1.{alnum:67}",
    "vault-service": "hvs.{base64url:95}",
    "vault-batch": "hvb.{base64url:140}",
    "supabase": "sbp_{hex:40}",
    "planetscale": "pscale_tkn_{alnum:43}",
    "neon": "napi_{lalnum:64}",
    "databricks": "dapi{hex:32}",
    "mongodb-atlas": "mdb_sa_sk_{base64url:40}",
    "1password": "ops_eyJ{base64url:300}",
    "tailscale": "tskey-auth-{alnum:12}-{alnum:32}",
    "prefect": "pnu_{alnum:36}",
    "scaleway": "SCW{ualnum:17}",
    "alibaba": "LTAI{alnum:20}",
    "tencent": "AKID{alnum:32}",
    "github-pat": "ghp_{crc32:github}",
    "github-oauth": "gho_{crc32:github}",
    "github-app": "ghs_{crc32:github}",
    "github-refresh": "ghr_{alnum:76}",
    "github-fine-grained": "github_pat_{alnum:22}_{alnum:59}",
    "gitlab-pat": "glpat-{base64url:20}",
    "gitlab-deploy": "gldt-{base64url:20}",
    "gitlab-runner": "glrt-{base64url:20}",
    "gitlab-trigger": "glptt-{hex:40}",
    "gitlab-agent": "glagent-{base64url:50}",
    "bitbucket": "ATBB{alnum:24}{HEX:8}",
    "atlassian": "ATATT3xFfGF0{base64url:176}={HEX:8}",
    "sourcegraph": "sgp_{hex:16}_{hex:40}",
    "circleci": "CCIPAT_{alnum:22}_{hex:40}",
    "buildkite": "bkua_{hex:40}",
    "sonar": "squ_{hex:40}",
    "postman": "PMAK-{hex:24}-{hex:34}",
    "npm": "npm_{crc32:npm}",
    "pypi": "pypi-AgEIcHlwaS5vcmc{base64url:140}",
    "rubygems": "rubygems_{hex:48}",
    "crates": "cio{alnum:32}",
    "nuget": "oy2{lalnum:43}",
    "docker-hub": "dckr_pat_{base64url:27}",
    "artifactory": "AKCp{alnum:69}",
    "openai-project": "sk-proj-{base64url:74}T3BlbkFJ{base64url:74}",
    "openai-legacy": "sk-{alnum:20}T3BlbkFJ{alnum:20}",
    "openai-service": "sk-svcacct-{base64url:74}T3BlbkFJ{base64url:74}",
    "anthropic": "sk-ant-api03-{base64url:93}AA",
    "anthropic-oauth": "sk-ant-oat01-{base64url:93}AA",
    "deepseek": "sk-{hex:32}",
    "openrouter": "sk-or-v1-{hex:64}",
    "groq": "gsk_{alnum:52}",
    "xai": "xai-{alnum:80}",
    "perplexity": "pplx-{alnum:48}",
    "huggingface": "hf_{alpha:34}",
    "replicate": "r8_{alnum:37}",
    "nvidia": "nvapi-{base64url:64}",
    "langsmith": "lsv2_pt_{hex:32}_{hex:10}",
    "tavily": "tvly-{alnum:32}",
    "pinecone": "pcsk_{alnum:6}_{alnum:63}",
    "slack-bot": "xoxb-{digit:12}-{digit:13}-{alnum:24}",
    "slack-user": "xoxp-{digit:12}-{digit:12}-{digit:13}-{hex:32}",
    "slack-app": "xapp-1-A{ualnum:10}-{digit:13}-{hex:64}",
    "discord-bot": "MTI{alnum:21}.{alnum:6}.{base64url:38}",
    "telegram-bot": "{digit:10}:AA{base64url:33}",
    "facebook": "EAAG{alnum:180}",
    "matrix": "syt_{lalnum:12}_{alnum:20}_{alnum:6}",
    "notion": "ntn_{digit:11}{alnum:35}",
    "linear": "lin_api_{alnum:40}",
    "figma": "figd_{base64url:40}",
    "airtable": "pat{alnum:14}.{hex:64}",
    "hubspot": "pat-na1-{uuid:1}",
    "typeform": "tfp_{base64url:44}_{alnum:14}",
    "contentful": "CFPAT-{base64url:43}",
    "stripe-live": "sk_live_{alnum:99}",
    "stripe-restricted": "rk_live_{alnum:24}",
    "stripe-webhook": "whsec_{alnum:32}",
    "square": "sq0csp-{base64url:43}",
    "shopify": "shpat_{hex:32}",
    "plaid": "access-production-{uuid:1}",
    "razorpay": "rzp_live_{alnum:14}",
    "easypost": "EZAK{alnum:54}",
    "shippo": "shippo_live_{hex:40}",
    "sendgrid": "SG.{base64url:22}.{base64url:43}",
    "mailgun": "key-{hex:32}",
    "mailchimp": "{hex:32}-us12",
    "brevo": "xkeysib-{hex:64}-{alnum:16}",
    "resend": "re_{alnum:8}_{alnum:24}",
    "twilio": "SK{hex:32}",
    "newrelic": "NRAK-{ualnum:27}",
    "sentry": "sntryu_{hex:64}",
    "grafana-service": "glsa_{alnum:32}_{hex:8}",
    "grafana-cloud": "glc_{alnum:120}",
    "dynatrace": "dt0c01.{ualnum:24}.{ualnum:64}",
    "honeycomb": "hcaik_{lalnum:58}",
    "posthog": "phx_{alnum:47}",
    "axiom": "xaat-{uuid:1}",
    "age": "AGE-SECRET-KEY-1{ualnum:58}",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJ{alnum:90}.{base64url:43}",
    "nostr": "nsec1{bech32:58}",
    "bip32": "xprv{base58:107}",
}

# Recognised by the name beside them: name, form of the value.
NAMED = {
    "aws-secret": ("AWS_SECRET_ACCESS_KEY", "{alnum:20}/{alnum:19}"),
    "aws-session": ("aws_session_token", "IQoJb3JpZ2luX2Vj{alnum:300}"),
    "heroku": ("HEROKU_API_KEY", "{uuid:1}"),
    "cloudflare": ("CLOUDFLARE_API_TOKEN", "{alnum:40}"),
    "datadog": ("DATADOG_API_KEY", "{hex:32}"),
    "datadog-app": ("DD_APP_KEY", "{hex:40}"),
    "discord": ("DISCORD_CLIENT_SECRET", "{alnum:32}"),
    "okta": ("OKTA_API_TOKEN", "00{alnum:40}"),
    "sentry": ("SENTRY_AUTH_TOKEN", "{hex:64}"),
    "twilio": ("TWILIO_AUTH_TOKEN", "{hex:32}"),
    "mistral": ("MISTRAL_API_KEY", "{alnum:32}"),
    "cohere": ("COHERE_API_KEY", "{alnum:40}"),
    "wandb": ("WANDB_API_KEY", "{hex:40}"),
    "jfrog": ("JFROG_ACCESS_TOKEN", "{lalnum:64}"),
    "snyk": ("SNYK_TOKEN", "{uuid:1}"),
    "circleci": ("CIRCLECI_TOKEN", "{hex:40}"),
    "linode": ("LINODE_TOKEN", "{hex:64}"),
    "hetzner": ("HCLOUD_TOKEN", "{alnum:64}"),
    "algolia": ("ALGOLIA_ADMIN_KEY", "{hex:32}"),
    "fastly": ("FASTLY_API_TOKEN", "{alnum:32}"),
    "postmark": ("POSTMARK_SERVER_TOKEN", "{uuid:1}"),
    "pagerduty": ("PAGERDUTY_API_KEY", "{alnum:20}"),
    "github-secret": ("GITHUB_CLIENT_SECRET", "{hex:40}"),
    "azure-openai": ("AZURE_OPENAI_API_KEY", "{hex:32}"),
    "influx": ("INFLUX_TOKEN", "{base64url:86}=="),
    "generic-key": ("API_KEY", "{alnum:32}"),
    "generic-secret": ("client_secret", "{base64url:40}"),
    "generic-token": ("auth_token", "{alnum:40}"),
    "generic-signing": ("SESSION_SECRET", "{alnum:48}"),
    "encryption-key": ("ENCRYPTION_KEY", "{base64:43}="),
    "webhook-secret": ("WEBHOOK_SECRET", "{alnum:36}"),
    "password": ("DB_PASSWORD", "{alnum:14}"),
    "password-symbols": ("ADMIN_PASSWORD", "{alnum:7}!{alnum:6}#{alnum:2}"),
    "passphrase": ("SSH_PASSPHRASE", "{alnum:18}"),
    "smtp": ("smtp_password", "{alnum:16}"),
}

URL_SCHEMES = [
    "postgres", "postgresql", "postgresql+asyncpg", "mysql", "mysql+pymysql", "mariadb", "mongodb", "mongodb+srv",
    "redis", "rediss", "amqp", "amqps", "mqtt", "mssql", "clickhouse", "couchbase", "neo4j", "bolt", "nats", "kafka",
    "ldap", "ldaps", "smtp", "smtps", "imap", "ftp", "sftp", "http", "https", "ssh",
]  # fmt: skip
URL_PASSWORDS = [
    "{alnum:12}", "{alnum:6}@{alnum:6}", "{alnum:6}:{alnum:6}", "{alnum:4}%40{alnum:8}", "{alnum:8}!{alnum:4}$",
]  # fmt: skip
