"""Names of secrets, names that only look like them, and what is around them; separate for training and test."""

import base64
import uuid

TRAIN = {
    "before": "db database mysql postgres redis admin root user smtp mail ldap app api service stripe slack github aws twilio ftp proxy "
              "sudo login my test prod staging master client server bot web account jwt session oauth openai docker registry backup "
              "elastic influx cloud wifi vpn ssh default initial new old datasource spring kafka maps tomtom weather news steam riot yelp nasa "
              "giphy imgur zoom asana trello linear hubspot mailchimp sendgrid plaid square paypal finnhub polygon alpaca deepl".split(),
    "P": "password password password password passwd pass pwd passphrase passcode pw password passwd".split(),
    "T": "token token api_key api_key secret secret_key access_token auth_token client_secret private_key encryption_key signing_key access_key "
         "apikey secret key refresh_token webhook_secret shared_secret auth_key credential license_key personal_access_token "
         "session_secret app_key key api_key api_token bearer_token secret_access_key account_key master_key api_secret token_secret auth "
         "salt hash_salt pepper seed unseal_key mnemonic".split(),
    "I": ["pin", "pin_code"],
    "brands": {"P": "password passwd pass pwd password".split(), "I": ["pin"],
               "T": "key key key key key key api_key api_key token token secret access_key auth_token client_secret app_key secret_key".split()},
    "after": ["1", "2", "prod", "dev", "old", "new", "live", "base64", "default"],
    "words": {"P": "password password password passphrase passcode pass pw pwd passwd".split(),
              "T": ["token", "API key", "api key", "secret", "access token", "secret key", "API token", "auth token", "client secret", "key",
                    "license key", "bearer token", "webhook secret", "encryption key"],
              "I": ["pin", "PIN"]},
    "adjective": "db database admin root wifi mail server login new user sudo staging production router jenkins".split(),
    "a": "billing shop gateway orders blog intranet mailer crawler report ledger wiki forum nas printer cluster queue metrics".split(),
    "u": "alice bob carol admin root deploy jdoe svc_app postgres sa app operator m.mueller lchen user1 ubuntu".split(),
    "h": "db.example.com 10.0.0.5 localhost mail.corp.local host.internal 192.168.1.20 redis api.test.dev nas.lan ci.acme.io".split(),
    "o": "HOST PORT LOG_LEVEL DEBUG NODE_ENV REGION TZ WORKERS APP_NAME TIMEOUT".split(),
}

TEST = {
    "before": "pg mongo rabbitmq jenkins sentry grafana keycloak vault deploy zabbix minio gitea sonar nexus cognito mapbox algolia "
              "owner replica reader rpc imap radius snmp console portal analytics hub mssql cassandra".split(),
    "P": "password password passwd pwd pass passphrase".split(),
    "T": "token api_key secret access_token client_secret secret_key apikey auth_token key api_token signing_secret deploy_token "
         "encryption_key password_salt pepper master_seed".split(),
    "I": ["pin"],
    "after": ["primary", "3", "ci"],
    "words": {"P": "password passphrase passwd password".split(), "T": ["token", "API key", "secret key", "access token", "secret"],
              "I": ["PIN"]},
    "adjective": "grafana postgres guest bastion vpn portal console owner".split(),
    "a": "checkout inventory payroll atlas beacon falcon helpdesk tracker signup notifier".split(),
    "u": "priya otto r.novak ci-runner readonly dba sysop yusuf backup_user".split(),
    "h": "pg-1.prod.example.org 172.16.4.9 smtp.example.net edge.lan vault.service.consul build01 127.0.0.1".split(),
    "o": "STAGE LISTEN_ADDR LOCALE CACHE_DIR MAX_CONN SENTRY_ENV".split(),
}

# Names of things that are not secret, whatever they look like.
OTHER_TRAIN = ("key_id token_url token_type public_key cache_key primary_key next_page_token page_token continuation_token secret_name token_name "
               "password_file key_file secret_id password_field token_id foreign_key sort_key partition_key idempotency_key object_key s3_key "
               "password_policy max_tokens total_tokens token_count password_length token_expiry key_path token_endpoint secret_ref secret_arn "
               "password_hint api_key_name key_type key_alias public_token csrf_cookie_name auth_url auth_type auth_mode auth_method "
               "password_reset_url row_key item_key lookup_key react_key translation_key input_tokens output_tokens prompt_tokens token_limit "
               "cursor_token token_address key_fingerprint key_name keyboard keyword pass_rate pass_count password_min_length "
               "access_key_id secret_path token_path ssh_key_file host_key_algorithm auth_provider key_size key_prefix token_budget").split()
OTHER_TEST = ("key_ref password_url token_uri public_key_id query_key unique_key dedupe_key next_token sync_token credentials_file password_attempts "
              "secret_version token_scope auth_backend completion_tokens num_tokens token_index key_code pubkey tokenizer_name secret_manager "
              "password_label api_key_header key_column pass_threshold auth_domain token_ttl secret_store key_usage").split()


# What keys are called that open nothing, and what else looks random beside a name.
THINGS_TRAIN = ("trace span event row device job order item page cell message storage lock region shard tenant element widget "
                "asset topic stream slot node view route menu field theme locale tile layer entity record document column group "
                "bucket batch task release build bundle module plugin layout store state").split()
THINGS_TEST = "request session_row queue cluster metric invoice ticket chunk segment block panel track chapter label color".split()


def forms(parts):
    """A name in every way of writing it: slot -> text."""
    words = [w for part in parts for w in part.split("_")]
    camel = words[0] + "".join(w.capitalize() for w in words[1:])
    return {"N": "_".join(words).upper(), "n": "_".join(words), "c": camel, "k": "-".join(words), "C": camel[0].upper() + camel[1:],
            "K": "X-" + "-".join(w.capitalize() for w in words), "d": ".".join(parts[:-1] + [parts[-1].replace("_", "-")])}


def brand(r):
    """An invented name, since new services with new names appear every day."""
    return "".join(r.choice("b c d f g h j k l m n p r s t v w x z br ch cl cr dr fl gr pl sh sk sp st tr th".split()) + r.choice("a e i o u ai ea io oo y".split())
                   for _ in range(r.randint(1, 3))) + r.choice(["", "", "", "n", "x", "r", "ly", "fy", "io", "hub", "base", "t", "m"])


def secret_name(r, names, use):
    if "brands" in names and r.random() < .35:
        return [brand(r)] + ([r.choice(names["before"])] if r.random() < .2 else []) + [r.choice(names["brands"][use])]
    parts = [r.choice(names[use])]
    for _ in range(r.choice([0, 0, 1, 1, 1, 2])):
        parts.insert(0, r.choice(names["before"]))
    if r.random() < .06:
        parts.append(r.choice(names["after"]))
    return parts


def fill(r, template, names, use, parts=None):
    """@template with everything but the value filled in."""
    slots = forms(parts or secret_name(r, names, use))
    words = r.choice(names["words"][use])
    if r.random() < .35:
        words = r.choice(names["adjective"]) + " " + words
    slots.update(w=words, W=words[0].upper() + words[1:], a=r.choice(names["a"]), u=r.choice(names["u"]), h=r.choice(names["h"]),
                 i=str(r.randint(1, 9999)), O=r.choice(names["o"]))
    slots.update(H="".join(r.choices("0123456789abcdef", k=r.choice([32, 40, 56, 64, 64, 64, 128]))), o=r.choice(["old", "changeme", "x1", "", "todo"]),
                 B=base64.b64encode(r.randbytes(32)).decode(), b=base64.b64encode(r.randbytes(32)).decode()[:43],
                 F=":".join("%02x" % r.randrange(256) for _ in range(16)), U=str(uuid.UUID(int=r.getrandbits(128), version=4)),
                 x="".join(r.choices("0123456789abcdef", k=16)))
    slots.update(c2=r.choice(["timeout", "retries", "port", "version"]), d2=r.choice(["pool.size", "server.port"]))
    for slot, text in slots.items():
        template = template.replace("«%s»" % slot, text)
    return template
