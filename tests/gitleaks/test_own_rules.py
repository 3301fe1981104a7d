"""import-gitleaks on gitleaks' own rules, from its Go module"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SCRUBJAYCTL = Path(os.environ["SCRUBJAY_BUILD"]) / "src" / "ctl" / "scrubjayctl"
MODULE = "github.com/zricethezav/gitleaks/v8@v8.30.1"


def test_gitleaks_own_rules(tmp_path):
    done = subprocess.run(["go", "mod", "download", "-json", MODULE], capture_output=True, text=True, cwd=tmp_path)
    folder = json.loads(done.stdout or "{}").get("Dir")
    assert folder, done.stdout + done.stderr
    rules = Path(folder) / "config" / "gitleaks.toml"
    done = subprocess.run([sys.executable, TOP / "data" / "import-gitleaks", "--scrubjayctl", SCRUBJAYCTL, rules],
                          capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    refused = re.findall("^(.*): refused", done.stderr, re.MULTILINE)
    # two-letter keywords, and a rule with only a path
    assert sorted(refused) == ["azure-ad-client-secret", "jwt", "pkcs12-file", "twilio-api-key", "vault-service-token"]
    assert len(json.loads(done.stdout)["rules"]) == 217
