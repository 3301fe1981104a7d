"""The project's own cases for the masker: secrets in contexts that session text has, and look-alikes.

Every case is made from a form (cases_forms.py) and a seed, so it is the same in every run, and nothing here is a
secret or looks like one. A case is

    {"id", "text", "before", "after"}      one secret between before and after: it goes, and nothing else
    {"id", "text", "gone": [...]}          none of these pieces may be left
    {"id", "text", "stays": true}          a look-alike: nothing changes

Written as a JSONL stream by `cases.py`, which `scrubjayctl mask --jsonl` reads (it takes id and text).
"""

import base64
import json
import sys

from cases_forms import NAMED, PREFIXED, URL_PASSWORDS, URL_SCHEMES, expand, rng_of

ESC = "\x1b"

# What is around a secret that is recognised by itself. ¤ is the secret.
SURROUNDINGS = {
    "bare": "¤",
    "sentence": "Use ¤ for now, please",
    "prompt": "$ tool login ¤\nok",
    "env": "A=1\nTOKEN=¤\nB=2\n",
    "export": 'export API_KEY="¤"; run',
    "single-quoted": "curl -H 'x-token: ¤' https://api.test/v1",
    "json": '{"name": "ci", "token": "¤", "n": 1}',
    "json-escaped": '{"out": "{\\"token\\": \\"¤\\", \\"n\\": 1}"}',
    "json-twice": '{"a": "{\\"b\\": \\"{\\\\\\"token\\\\\\": \\\\\\"¤\\\\\\"}\\"}"}',
    "unicode-quotes": "{\\u0022token\\u0022:\\u0022¤\\u0022}",
    "newlines": '{"out": "done\\n¤\\nnext"}',
    "newlines-twice": '{"out": "done\\\\n¤\\\\nnext"}',
    "tabs": '{"out": "a\\t¤\\tb"}',
    "crlf": '{"out": "a\\r\\n¤\\r\\nb"}',
    "diff-added": "@@ -1 +1 @@\n-old\n+    token: ¤\n context\n",
    "diff-removed": "-¤\n+new\n",
    "numbered": "    11\tfoo\n    12\t¤\n    13\tbar\n",
    "numbered-colon": "12:¤\n13:x\n",
    "grep": "src/app.py:14:key = '¤'\n",
    "ansi": f"{ESC}[32m¤{ESC}[0m ok",
    "ansi-bold": f"{ESC}[1;31mtoken{ESC}[0m={ESC}[38;5;208m¤{ESC}[0m\n",
    "ansi-in-json": '{"out": "\\u001b[33m¤\\u001b[39m"}',
    "markdown": "Set `¤` in the settings.",
    "table": "| key | ¤ | live |\n",
    "fence": "```\n¤\n```\n",
    "yaml": "auth:\n  token: ¤\n  user: al\n",
    "toml": '[auth]\ntoken = "¤"\n',
    "xml": "<auth><token>¤</token></auth>",
    "attribute": '<add key="token" value="¤" />',
    "html-quotes": "{&quot;token&quot;:&quot;¤&quot;}",
    "quotes-in-quotes": "bash -c \"curl -H 'Authorization: token ¤' x\"",
    "python": "client = Client(token='¤', retries=3)",
    "list": '["a", "¤", "b"]',
    "parentheses": "(see ¤) and go on",
    "log": "2024-05-01T10:00:00Z INFO login ok token=¤ user=al",
    "header": "GET / HTTP/1.1\r\nX-Api-Key: ¤\r\nHost: x\r\n",
    "end-of-text": "the key is ¤",
}

# How a name and its value are written. # is the name, ¤ the value.
ASSIGNMENTS = {
    "env": "#=¤\nA=1\n",
    "env-quoted": '#="¤"\n',
    "export": "export #='¤' && run\n",
    "docker": "ENV #=¤\n",
    "docker-run": "docker run -e #=¤ image",
    "json": '{"#": "¤", "n": 1}',
    "json-escaped": '{"out": "{\\"#\\": \\"¤\\"}"}',
    "json-twice": '"{\\\\\\"#\\\\\\":\\\\\\"¤\\\\\\"}"',
    "in-output": '{"stdout": "A=1\\n#=¤\\nB=2"}',
    "yaml": "env:\n  #: ¤\n  OTHER: x\n",
    "yaml-quoted": "  #: '¤'\n",
    "kubernetes": "- name: #\n  value: ¤\n",
    "toml": '# = "¤"\n',
    "ini": "[db]\n# = ¤\n",
    "xml": "<#>¤</#>",
    "go": '\t# := "¤"\n',
    "go-var": 'var # string = "¤"\n',
    "python": '# = "¤"\n',
    "ruby": '"#" => "¤",',
    "default": '# ||= "¤"\n',
    "compare": 'if (# === "¤") {',
    "call": 'setenv("#", "¤")',
    "diff": "+#=¤\n",
    "numbered": "   7\t#=¤\n",
    "log": "env: #=¤ ok",
}

URL_PLACES = {"": "DATABASE_URL=%s\n", "/json": '{"url": "%s", "n": 1}', "/escaped": '{"out": "x\\nurl=%s\\n"}'}

KEY_KINDS = [
    "RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY",
    "DSA PRIVATE KEY",
]  # fmt: skip
PLACEHOLDERS = [
    "${TOKEN}", "$TOKEN", "<token>", "<your-api-key>", "{{ token }}", "****", "************", "xxxxxxxxxxxxxxxx",
    "changeme", "your-api-key-here", "YOUR_API_KEY", "[REDACTED]", "%(token)s", "%TOKEN%", "null", "none", "true",
    "example-token-123", "${{ secrets.TOKEN }}", "$(cat token)", "os.environ['X']", "process.env.API_KEY",
    "getToken()", "self.token", "...",
]  # fmt: skip
NAMES = [
    "token", "api_key", "API_KEY", "secret", "client_secret", "password", "accessToken", "AUTH_TOKEN", "private_key",
    "credentials",
]  # fmt: skip

LOOK_ALIKES = {
    "commit": "commit {hex:40}\nAuthor: al\n",
    "commit-short": "* {hex:7} fix the token parser\n",
    "merge": "Merge: {hex:8} {hex:8}\n",
    "index-line": "index {hex:7}..{hex:7} 100644\n",
    "sha256": "sha256:{hex:64}",
    "digest": "image@sha256:{hex:64}\n",
    "sha256sum": "{hex:64}  scrubjay.tar.gz\n",
    "md5": "{hex:32}  file.bin\n",
    "etag": 'ETag: "{hex:32}"',
    "integrity": '"integrity": "sha512-{base64:86}=="',
    "integrity-html": '<script integrity="sha384-{base64:64}" src="x.js">',
    "go-sum": "golang.org/x/sys v0.1.0 h1:{base64:43}=\n",
    "pip-hash": "--hash=sha256:{hex:64}",
    "cargo-checksum": 'checksum = "{hex:64}"',
    "uuid": "request id {uuid:1}",
    "request-id": '"request_id": "req_{alnum:24}"',
    "trace-id": "trace_id={hex:32} span_id={hex:16}",
    "traceparent": "traceparent: 00-{hex:32}-{hex:16}-01",
    "session-id": '"sessionId": "{uuid:1}"',
    "message-id": '"id": "msg_01{alnum:22}"',
    "tool-use-id": '"tool_use_id": "toolu_01{alnum:22}"',
    "call-id": '"call_id": "call_{alnum:24}"',
    "uid": "uid: {uuid:1}",
    "container": "CONTAINER ID {hex:12}",
    "ssh-public": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{base64:43} al@host",
    "ssh-rsa-public": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ{base64:300} al@host",
    "fingerprint": "SHA256:{base64:43} al@host (ED25519)",
    "known-hosts": "|1|{base64:27}=|{base64:27}= ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{base64:43}",
    "certificate": "-----BEGIN CERTIFICATE-----\n{base64:64}\n{base64:64}\n-----END CERTIFICATE-----\n",
    "public-key": "-----BEGIN PUBLIC KEY-----\n{base64:64}\n{base64:40}==\n-----END PUBLIC KEY-----\n",
    "pgp-public": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{base64:64}\n-----END PGP PUBLIC KEY BLOCK-----\n",
    "age-public": "age1{bech32:58}",
    "stripe-public": "pk_live_{alnum:24}",
    "posthog-public": "phc_{alnum:43}",
    "example-aws": "AKIA{upper:9}EXAMPLE",
    "data-image": "data:image/png;base64,iVBORw0KGgo{base64:200}",
    "long-base64": "{base64:76}\n{base64:76}\n{base64:76}\n",
    "max-tokens": '"max_tokens": 4096, "total_tokens": 123456, "input_tokens": 99',
    "token-count": "tokens used: 12345 (cache 678)",
    "tokenizer": 'tokenizer = "cl100k_base"',
    "next-token": "token = self.next_token()",
    "next-page": '"nextPageToken": "{alnum:40}"',
    "dotted": "secret = settings.auth.client_secret2",
    "index": 'api_key = config["services"]["key1"]',
    "type": "password: string | undefined",
    "schema": '"password": {"type": "string", "minLength": 8}',
    "prompt": "Enter password: ",
    "label": 'label = "Password (min 8 characters)"',
    "path": "key_file = /etc/ssl/private/server2.key",
    "url": "token_url: https://auth.test/oauth2/v2.0/token",
    "url-port": "http://localhost:8080/@scope/package",
    "url-at": "https://medium.test/@al/story-{hex:12}",
    "url-user": "ssh://git@github.test/o/r.git",
    "scp": "git@github.test:o/r.git",
    "email": "al.smith+dev2024@example.org",
    "isodate": "token expires 2024-05-01T10:00:00.000Z",
    "semver": "secret-scanner 1.22.333-rc.4",
    "css": ".sk-fading-circle .sk-circle12:before",
    "snake": "sk_buff_head_init2(&queue)",
    "method": "s.makeKubeConfigController(args)",
    "word-basic": "Basic authentication is required",
    "word-bearer": "Bearer authentication with tokens",
    "password-words": "the password must contain 8 characters",
    "redacted": "token=[REDACTED:github-pat] and again",
    "arn": "arn:aws:iam::123456789012:role/deploy-2",
    "k8s-ref": "secretKeyRef:\n  name: db-credentials-2\n  key: password\n",
    "sealed": "kind: SealedSecret\nspec:\n  encryptedData:\n    a: AgB{base64:80}\n",
    "keys": 'for key in ("alpha1", "beta22", "gamma333"):',
    "hex-colour": "color: #a1b2c3; secret: none",
    "ipv6": "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    "mac": "52:54:00:12:34:56",
    "camel": "generateAccessTokenV2Request2024Handler",
    "constant": "ERROR_INVALID_TOKEN_2 = 0x80090308",
    "pgpass-ports": "0.0.0.0:5432->5432/tcp",
    "curl-no-password": 'curl -u "$USER:$PASS" https://x',
    "docker-stdin": "docker login -u al --password-stdin r.test",
    "env-empty": "API_KEY=\nSECRET_KEY=\n",
    "jwt-word": "eyJhbGciOiJIUzI1NiJ9 is a header",
    "lock": "resolved https://registry.example.com/a/-/a-1.0.0.tgz#{hex:40}",
    "apt": "Get:12 http://deb.test stable/main amd64 secret-tool 0.20.5-3",
}


def one(case_id, template, secret):
    before, after = template.split("¤")
    return {"id": case_id, "text": before + secret + after, "before": before, "after": after}


def prefixed():
    for name, form in PREFIXED.items():
        places = list(SURROUNDINGS.items())
        rng = rng_of("places/" + name)
        # Always the hard ones; of the others, some for each form.
        chosen = [p for p in places if p[0] in ("newlines", "json-twice", "ansi", "unicode-quotes")]
        chosen += rng.sample([p for p in places if p not in chosen], 8)
        for place, template in chosen:
            case_id = f"prefixed/{name}/{place}"
            yield one(case_id, template, expand(form, rng_of(case_id)))


def named():
    for name, (key, form) in NAMED.items():
        rng = rng_of("ways/" + name)
        for way, template in rng.sample(list(ASSIGNMENTS.items()), 10):
            case_id = f"named/{name}/{way}"
            yield one(case_id, template.replace("#", key), expand(form, rng_of(case_id)))


def urls():
    for scheme in URL_SCHEMES:
        for i, form in enumerate(URL_PASSWORDS):
            case_id = f"url/{scheme}/{i}"
            user = "" if scheme.startswith("redis") and i % 2 else "app"
            for place, template in URL_PLACES.items():
                url = f"{scheme}://{user}:¤@db1.test:5432/app?x=1"
                yield one(case_id + place, template % url, expand(form, rng_of(case_id + place)))


def lines(case_id, n=12):
    rng = rng_of(case_id)
    return [expand("{base64:64}", rng) for _ in range(n)] + [expand("{base64:30}==", rng)]


def private_keys():
    ways = {
        "plain": lambda k: "\n".join(k) + "\n",
        "crlf": lambda k: "\r\n".join(k) + "\r\n",
        "indented": lambda k: "".join(f"    {line}\n" for line in k),
        "numbered": lambda k: "".join(f"{i:6}\t{line}\n" for i, line in enumerate(k, 1)),
        "diff": lambda k: "".join(f"+{line}\n" for line in k),
        "quoted": lambda k: "".join(f"> {line}\n" for line in k),
        "escaped": lambda k: json.dumps({"key": "\n".join(k) + "\n"}),
        "escaped-twice": lambda k: json.dumps({"out": json.dumps({"key": "\n".join(k)})}),
        "concatenated": lambda k: "".join(f'  "{line}\\n" +\n' for line in k),
        "one-line": lambda k: " ".join(k),
        "cut-end": lambda k: "\n".join(k[:8]),
        "cut-start": lambda k: "\n".join(k[4:]) + "\n",
        "cut-end-escaped": lambda k: json.dumps({"out": "\n".join(k[:7])})[:-2],
        "yaml": lambda k: "key: |\n" + "".join(f"  {line}\n" for line in k),
    }
    for kind in KEY_KINDS:
        for way, write in ways.items():
            case_id = f"private-key/{kind.lower().replace(' ', '-')}/{way}"
            body = lines(case_id)
            text = write([f"-----BEGIN {kind}-----", *body, f"-----END {kind}-----"])
            yield {"id": case_id, "text": text, "gone": [piece for piece in body if piece in text]}
    for way in ("plain", "escaped", "indented"):
        case_id = f"private-key/pgp/{way}"
        body = lines(case_id)
        armour = ["-----BEGIN PGP PRIVATE KEY BLOCK-----", "", *body, "=" + body[0][:4]]
        text = ways[way]([*armour, "-----END PGP PRIVATE KEY BLOCK-----"])
        yield {"id": case_id, "text": text, "gone": body}
    for kind in KEY_KINDS:
        case_id = f"private-key/{kind.lower().replace(' ', '-')}/base64"
        key = "\n".join([f"-----BEGIN {kind}-----", *lines(case_id), f"-----END {kind}-----"])
        encoded = base64.b64encode(key.encode()).decode()
        yield {"id": case_id, "text": f"tls.key: {encoded}\n", "gone": [encoded[60:120], encoded[-60:]]}


def others():
    """Files, headers and commands that hold credentials in their own way."""
    templates = {
        "netrc": "machine git.test login al password ¤\n",
        "netrc-lines": "machine git.test\n  login al\n  password ¤\n",
        "pgpass": "db.test:5432:app:al:¤\n",
        "npmrc": "//registry.test/:_authToken=¤\n",
        "docker-auth": '{"auths": {"r.test": {"auth": "¤"}}}',
        "curl-user": "curl -s -u al:¤ https://api.test/v1",
        "curl-user-quoted": "curl --user 'al:¤' https://api.test/v1",
        "basic": "Authorization: Basic ¤\r\n",
        "bearer": "Authorization: Bearer ¤\r\n",
        "bearer-escaped": '"curl -H \\"Authorization: Bearer ¤\\" https://api.test"',
        "cookie": "Cookie: theme=dark; sessionid=¤; lang=en\r\n",
        "set-cookie": "Set-Cookie: JSESSIONID=¤; Path=/; HttpOnly\r\n",
        "presigned": "https://b.s3.amazonaws.com/k?X-Amz-Date=20240501T000000Z&X-Amz-Signature=¤&x=1",
        "sas": "https://a.blob.core.windows.net/c/b?sv=2022-11-02&sp=r&sig=¤",
        "account-key": "Protocol=https;AccountName=a;AccountKey=¤;EndpointSuffix=core.windows.net",
        "ado-net": "Server=db;Database=app;User Id=al;Password=¤;Encrypt=true",
        "password-option": "mysqldump --user al --password=¤ app",
        "password-option-blank": "az login -u al --password ¤ --tenant t",
        "mysql-p": "mysql -u root -p¤ app",
        "sshpass": "sshpass -p ¤ ssh al@host",
        "pgpassword": "PGPASSWORD=¤ psql -h db",
        "redis-cli": "redis-cli -h h -a ¤ ping",
        "kubernetes-secret": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  password: ¤\n",
        "wireguard": "[Interface]\nPrivateKey = ¤\nListenPort = 51820\n",
        "otpauth": "otpauth://totp/app:al?secret=¤&issuer=app",
        "shadow": "root:¤:19000:0:99999:7:::\n",
        "slack-webhook": "curl -X POST ¤ -d x",
        "discord-webhook": "https://discord.com/api/webhooks/123456789012345678/¤",
        "token-user": "git clone https://¤@github.test/o/r.git",
        "sql": "CREATE USER 'al' IDENTIFIED BY '¤';",
    }
    forms = {
        "docker-auth": "{alnum:36}", "basic": "{alnum:30}==", "cookie": "{lalnum:32}", "set-cookie": "{HEX:32}",
        "presigned": "{hex:64}", "sas": "{alnum:42}%3D", "account-key": "{base64:86}==", "npmrc": "{alnum:36}",
        "kubernetes-secret": "{alnum:24}", "wireguard": "{base64:43}=", "otpauth": "{base32:32}",
        "shadow": "$6${alnum:16}${alnum:86}", "discord-webhook": "{base64url:68}", "token-user": "{alnum:40}",
        "slack-webhook": "https://hooks.slack.com/services/T{ualnum:9}/B{ualnum:9}/{alnum:24}",
        "bearer": "{base64url:40}", "bearer-escaped": "{base64url:40}",
    }  # fmt: skip
    for name, template in templates.items():
        for i in range(5):
            case_id = f"other/{name}/{i}"
            yield one(case_id, template, expand(forms.get(name, "{alnum:14}"), rng_of(case_id)))


def look_alikes():
    for name, form in LOOK_ALIKES.items():
        for i, wrap in enumerate(("%s", "x\n%s\ny", '{"out": %s}')):
            case_id = f"look-alike/{name}/{i}"
            text = expand(form, rng_of(case_id))
            yield {"id": case_id, "text": wrap % (json.dumps(text) if i == 2 else text), "stays": True}
    for name in NAMES:
        for i, value in enumerate(PLACEHOLDERS):
            yield {"id": f"look-alike/placeholder/{name}/{i}", "text": f"{name}={value}\n", "stays": True}
            yield {"id": f"look-alike/placeholder-quoted/{name}/{i}", "text": f'"{name}": "{value}",', "stays": True}


def all_cases():
    for make in (prefixed, named, urls, private_keys, others, look_alikes):
        yield from make()


if __name__ == "__main__":
    for case in all_cases():
        sys.stdout.write(json.dumps({"id": case["id"], "text": case["text"]}) + "\n")
