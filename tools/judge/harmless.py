"""What is found where secrets are but is not secret: references, placeholders, types, identifiers, texts; chatter about credentials."""

import string

from names import THINGS_TEST, THINGS_TRAIN

REFERENCES = ("${«N»} $«N» $(cat «n».txt) {{ «n» }} <«k»> <your-«k»> process.env.«N» os.environ.«N» %(«n»)s {«n»} ${«c»} $«n» !Ref «C» @«n»@ #{«n»} "
              "vault:secret/data/«a»#«n» op://«a»/«n»/password ${{ secrets.«N» }} secretKeyRef %«N%» env:«N» file:/run/secrets/«n» "
              "ssm:/«a»/«n» arn:aws:secretsmanager:eu-west-1:123456789012:secret:«a» $${«N»} $1 $2 \"$1\" ${1} %s %v {} {0} ? :«n» @«n» "
              "`${«c»}` ENC[AES256_GCM] !vault {{.Values.«c»}} {{ .Values.«d» }} $CI_JOB_TOKEN ${«N»:-} ${«N»:?}").split(" ")
PLACEHOLDERS = ("your-«k» your_«n» YOUR_«N» your-«k»-here <«N»> xxxx xxxxxxxx XXXXXXXXXXXX ******** ***** ... … [REDACTED] [redacted] <redacted> "
                "REDACTED ••••••• [hidden] (hidden) *** <secret> <password> [password] example-«k» insert-«k»-here replace-me <none> N/A "
                "changeme CHANGEME change-me change_me changethis change-this changeme! changeme123 to-be-changed "
                "[REDACTED:generic-password] later unknown _____ - n/a (none) <set> (set) <unset> [MASKED]").split(" ")
TYPES = ("string String str bool boolean null None nil undefined true false number int bytes any void object Optional[str] SecretStr "
         "string? *string &str Vec<u8> varchar(255) text VARCHAR TEXT required optional required|string yes no Str unknown char* "
         "std::string Buffer Uint8Array []byte float z.string() PropTypes.string Schema.String").split(" ")
CODE = ("«c» self.«n» config.«c» args.«n» req.body.«c» user.«c» get«C»() «n»() data['«n»'] options.«c» this.«c» form.«c».value opts.«C» "
        "settings.«N» cfg.«C» «n»_value new«C» hash(«n») generate() crypto.randomBytes(32) secrets.token_hex(16) uuid4() getpass() "
        "input() read() prompt.ask() self.next_token() ctx.«c» event.target.value «C»Field «n»s[0] await.«c»() f(«c») bcrypt.hash(«c») "
        "«N» «C» s.«c» r.FormValue(\"«n»\") $request->«c» @«n» :«n» encode(«n») Arc::new(«n») «n».clone() &«n» *«n» «n»?.value "
        "faker.internet.password() randomString(20) token.value Token::new() token.type key.lower() resp.json() None, os.urandom(16)").split(" ")
WORDS = ("bearer basic plain md5 sha256 scram-sha-256 password hidden text cookie jwt oauth2 user email enabled disabled token key secret query "
         "header body none auto default custom manual invalid expired missing incorrect wrong reset change update required valid "
         "pending failed success unchanged rotated encrypted generated empty unset changed protected id name value type string sessions "
         "keychain keyring environment file vault stdin prompt interactive username login account admin readonly public private shared").split(" ")
PATHS = ("/run/secrets/«n» /etc/«a»/«k».txt ./secrets/«n» ~/.config/«a»/«n» ~/.«a»rc https://«h»/«k» https://«h»/oauth/«n» http://localhost:8080/«n» "
         "C:\\secrets\\«n» secrets/«a».yaml «a»/«n».json «k».pem auth/«n» api/v1/«k» users/«n» config/«n».yml «n».txt src/«a»/«n».py "
         "«a».auth.«n» forms.login.«n» auth.«c».label errors.«n».invalid app:«a»:«n» «a»:«n» com.«a».«c» kubernetes.io/«k» x-«k»").split(" ")
SENTENCES = ["Enter your «w»", "Your «w»", "Forgot «w»?", "Confirm «w»", "«W» must be at least 8 characters", "The «w» is invalid", "Invalid «w»",
             "«W» required", "Reset your «w»", "Please enter a valid «w»", "«W» does not match", "Change «w»", "Show «w»", "Repeat «w»",
             "The «w» to use for «a»", "Wrong username or «w»", "«W» for the «a» user", "new «w»", "Optional «w» for the proxy",
             "Choose a strong «w»", "Missing «w» in request", "«w» has expired", "Old «w»", "«W» (optional)", "Must contain a number",
             "Name of the «w»", "«W» was updated.", "not set", "read from the environment", "see the docs", "stored in the keychain",
             "Passwort eingeben", "Passwort vergessen?", "Bitte Passwort eingeben", "Kennwort ändern", "Falsches Passwort", "Neues Passwort",
             "Mot de passe oublié ?", "Saisissez votre mot de passe", "Mot de passe incorrect", "Nouveau mot de passe", "Confirmer le mot de passe",
             "Contraseña olvidada", "Introduce tu contraseña", "La contraseña es obligatoria", "Nueva contraseña", "Contraseña incorrecta",
             "Esqueceu a senha?", "Digite sua senha", "Senha incorreta", "Nova senha", "Confirmar senha", "Забыли пароль?", "Введите пароль",
             "Неверный пароль", "Новый пароль", "请输入密码", "忘记密码", "密码错误", "新密码", "确认密码", "パスワードを入力してください",
             "パスワードを忘れた場合", "パスワードが正しくありません", "新しいパスワード", "Wachtwoord vergeten?", "Password dimenticata?",
             "Hasło", "Heslo", "Lösenord", "Adgangskode", "Salasana", "Jelszó", "Şifre", "비밀번호", "비밀번호를 입력하세요", "Mật khẩu", "كلمة المرور"]

# Whole lines about credentials that contain none. «w», «n», «N», «c», «a», «u», «h», «i» as in contexts.
CHATTER_TRAIN = r'''
The «w» is stored in the keychain.
the «w» is wrong
The «w» is required.
The «w» is read from the environment variable «N».
The «w» was rejected by «h».
Your «w» has expired, please renew it.
I don't know the «w», can you look it up?
Please never commit a «w» to the repository.
The «w» should be rotated every «i» days.
We hash the «w» with bcrypt before it is stored.
Where is the «w» set?
The «w» field must not be empty.
Add a test for the «w» check.
The function validates the «w» and returns a session.
Set the «w» in your environment before you run it.
Make the «w» optional and fall back to the prompt.
It fails because the «w» is missing.
the «w» is not set in CI
What is the «w» for «a»?
Use the «w» from the vault.
log in with your «w» first
The «w» must be between 8 and 64 characters long.
«w»: see the wiki
«w»: required
«w»: not set
«W» authentication is disabled
«W» for user «u»:
«u»@«h»'s password:
Enter passphrase for key '/home/«u»/.ssh/id_rsa':
[sudo] password for «u»:
Permission denied (publickey,password).
Access denied for user '«u»'@'«h»' (using password: YES)
fatal: password authentication failed for user "«u»"
error: invalid «w» provided
401 Unauthorized: invalid token
The token count is «i» of 200000.
used «i» tokens, «i» cached
input_tokens: «i», output_tokens: «i»
tokens: «i»
max_tokens=«i»
total tokens: «i» (prompt «i», completion «i»)
The token stream is consumed by the parser.
unexpected token '}' in JSON at position «i»
SyntaxError: Unexpected token < in JSON
Unexpected token, expected "," («i»:12)
the key is not found in the map
key 'name' is missing
for key, value in items.items():
for (const key of Object.keys(config)) {
The key is "id" and the value is the row.
key: string; value: number
press any key to continue
Key takeaways: it works
the key point is that it scales
The primary key is (id, name).
PRIMARY KEY (id), KEY idx_user (user_id)
FOREIGN KEY (user_id) REFERENCES users(id)
a pass over the data takes «i» ms
All tests pass now, «i» passed
--- PASS: Test«C» (0.«i»s)
pass: «i», fail: 0
PASS src/«a»/«n».test.ts
Two-factor auth is enabled for «u».
auth: middleware checks the session
author: «u» <«u»@«h»>
Authentication is done by «a».
Authorization: Bearer <token>
Authorization: Bearer $TOKEN
Authorization: Basic <credentials>
git commit -m "fix «w» validation"
--- PASS: Test«C» (0.«i»s)
    --- PASS: Test«C»/«n» (0.0«i»s)
--- PASS: Test«C»_With«C» (1.«i»s)
=== RUN   Test«C»\n--- PASS: Test«C» (0.«i»s)
PASS: «n»
[PASS] «n»
PASS «C»Test.«c»
  ✓ pass «n» («i» ms)
PASSED tests/test_«a».py::test_«n»
tests/test_«a».py::test_«n» PASSED
result: PASS «k»
pass `«c»` to the constructor
doesn't pass a `«C»`, so it gets the default
we pass `«a».id` as the key
Updated `Test«C»` to pass `«c»`
fix both calls to pass `«a».«C»`:
Unit tests pass: `make test`
- Integration tests pass: `npm run «k»`
All checks pass: `tools/«a»`
pass the `--«k»` flag
pass '«n»' to `«c»`
pass "«k»" as the second argument
pass «c» by reference
let the caller pass in «c»
rg -n "«n»|token" src | sed -n '1,«i»p'
rg 'password|secret' --glob '!**/node_modules/**'
grep -E "token|key" src/«a».js | sed -n '1,120p'
find . -name '*token*' -not -path '*/node_modules/*'
the `«n»` key of the map
the key `«c»` is read from the map
key: `«c»`
keys: `«c»`, `«n»`
token `«c»` is unused
the `token` parameter of `«c»()`
add the `«n»` key to `«a».json`
rename `«n»` to `«c»`
removed the unused `«c»` helper and its token
the token is an `«C»`
a `Token` has a `Kind` and a `Value`
| Token | Meaning |\n|---|---|\n| `if` | keyword |
| # | Key | Branch |\n|---|---|---|\n| 61 | «n» | ent-95-add-«k»-readmes |
| Branch | Token |\n|---|---|\n| feature/«k»-«i» | «c» |
| Secret | Namespace | Age |\n|---|---|---|\n| «a»-«k» | «a» | «i»d |
| Test | Pass |\n|---|---|\n| Test«C»_«C» | yes |
| PASS | `Test«C»_With«C»` | 0.«i»s |
| Auth | Endpoint |\n|---|---|\n| session | /api/«k» |
| Credential | Where |\n|---|---|\n| «a»-deploy | `.github/workflows/«a».yml` |
«n»_key\t\t«i»\nid_«a»_statusInfo\t\t«i»\nid_«a»_identification\t\t«i»
id_«a»\t\t«i»\nsetct_«C»Token\t\t«i»\nsetct_«C»TBEX\t\t«i»
#define CURL_«N»_REPLY   «i»56634\n#define CURL_OBSOLETE12   «i»56642
#define OBJ_«C»Key       OBJ_«a»_scheme,14L,2L
#define SSL_«N»          SSL_«N»2
  | 'password'\n  | 'password-new'\n  | 'postal-address'
  | 'token'\n  | 'token-expired'\n  | 'user-«k»'
NAME          TYPE      DATA   AGE\n«a»-secret   Opaque    2      14d
NAME             SECRETS   AGE\n«a»-deployer   1         «i»d
Key          Size\n«a»/«k».tar.gz   «i»
name,key,locale\n«a»,«n»,de-DE
    current_exporter_secret: OkmBlock,
    «n»: «C»Block,
    «n»: «C»<'a>,
    «c»: «C»;
    «c»: new «C»(),
| Key | Default |\n|---|---|\n| «n» | 30 |
| Key | Action |\n|-----|--------|\n| Ctrl+C | quit |
- key: «n»
- key: value
- Key files: `src/«a».ts`, `src/«c».ts`
Key files:\n- src/«a»/index.ts
Key changes:\n1. «C» now reads «a»
**Key decision:** «C» owns the cache
**Key points:**\n- «a» is slow
Key: «C»
key=«n»
sort(key=lambda x: x.«n»)
cache key: «a»:«n»:v2
query key ['«a»', '«n»']
secret scanning is on for «a»
secrets: inherit
      secrets: inherit
permissions:\n  id-token: write
  id-token: write
uses: «a»/«k»@v4\n  with:\n    token: ${{ secrets.«N» }}
credential helper: osxkeychain
credential.helper=store
auth: {type: basic}
auth required: yes
auth.ts: «C» checks the session
login: see «h»
login / logout are separate routes
user / group / role
sign in / sign up
the login page at /auth/«k» works
use HTTP / HTTPS
tokens used: «i» / 200000
Tokens: «i»k / 200k
token budget: «i»k remaining
"tokens":{"input":«i»,"output":«i»}
total_tokens: «i»
tokens per second: «i».2
pin «k» to 1.«i».0
pinned to «a»@«i»
- pin: «a» 2.«i»
pwd: /home/«u»/«a»
pwd\n/home/«u»/src/«a»
$ pwd\n/srv/«a»
"pwd": "/home/«u»/«a»"
cwd=/srv/«a» pwd=/srv/«a»
cd "$(pwd)"
PWD=/home/«u»/«a»
OLDPWD=/srv/«a»
COMPASS=north
bypass: «a»
passthrough: true
passive mode: on
credits: «u», «a»
feat(auth): rotate «w» on login
refactor: move «w» handling to «a»
def test_«n»_is_required(self):
def validate_«n»(value):
func (s *Server) check«C»(ctx context.Context) error {
class «C»Serializer(serializers.Serializer):
import { «c» } from './«a»';
from .«a» import «n»
if not «n»:
if («c» === null) {
raise ValueError("«n» is required")
throw new Error('«w» is required');
return «c» !== undefined;
<label for="«n»">«W»</label>
<input type="password" name="«n»" placeholder="«W»">
"«n»": {"type": "string", "description": "The «w» to use"},
"«c»": { "type": "string" },
   «n»: str | None = None
  «c»?: string;
  «n»        string   the «w» of the server
  --«k» string   «w» for «a» (default: none)
-p, --«k» TEXT  The «w» [required]
| «n» | string | The «w» of the account |
| `«N»` | yes | «w» for «a» |
- `«N»`: the «w» used by «a»
1. Copy the «w» from the dashboard and paste it below.
https://«h»/account/«k»/reset
see https://«h»/docs/«k».html
cat ~/.«a»/«k»
export «N»=$(pass show «a»/«k»)
«N»=${«N»:-}
echo "$«N»" | docker login -u «u» --password-stdin
grep -rn "«w»" src/
grep -i password config/*.yml
rg '«n»' --type py
git grep «c»
passwd «u»
kubectl get secret «a» -o yaml
kubectl create secret generic «a» --from-file=«n»=./«a».txt
vault read secret/«a»
secret/«a» created
name: «a»-«k»
secretName: «a»-«k»
existingSecret: «a»
secretKeyRef: {name: «a», key: «k»}
tokenizer: «a»-tokenizer
The passphrase protects the private key.
Password reset e-mail sent to «u»
Passwords do not match
Das Passwort ist falsch.
Das Passwort wird im Schlüsselbund gespeichert.
Bitte gib dein Passwort ein.
Das Passwort muss mindestens 8 Zeichen lang sein.
Ich habe das Passwort vergessen, kannst du es zurücksetzen?
Das Passwort steht in der Umgebungsvariable «N».
Das Passwort für «u» ist abgelaufen und muss geändert werden.
Wo wird das Passwort gesetzt?
Der Schlüssel ist nicht gefunden worden.
Der Token ist ungültig.
Die Anmeldung mit Passwort ist deaktiviert.
Das Passwort ist zu kurz
Passwort: siehe Wiki
Le mot de passe est incorrect.
Le mot de passe est obligatoire.
Veuillez saisir votre mot de passe.
Le mot de passe doit contenir au moins 8 caractères.
J'ai oublié le mot de passe de «a».
Le mot de passe est lu depuis la variable «N».
La clé est introuvable.
Le jeton est expiré.
Mot de passe : voir le wiki
La contraseña es incorrecta.
La contraseña es obligatoria.
La contraseña debe tener al menos 8 caracteres.
He olvidado la contraseña de «a».
Introduce tu contraseña para continuar.
La clave no existe.
El token es inválido.
La contraseña está en la variable «N».
A senha é obrigatória.
A senha está incorreta.
A senha deve ter pelo menos 8 caracteres.
Esqueci a senha do «a».
Digite a senha para continuar.
A chave não existe.
O token é inválido.
A senha fica na variável «N».
Пароль неверный.
Пароль обязателен.
Пароль должен содержать не менее 8 символов.
Я забыл пароль от «a».
Введите пароль для продолжения.
Ключ не найден.
Токен недействителен.
Пароль хранится в переменной «N».
пароль не подходит
密码错误，请重试。
密码不能为空
密码长度不能少于8位
我忘记密码了
请输入密码
密码是必填的
密码保存在环境变量 «N» 里
令牌已过期
密钥不存在
用户名或密码错误
パスワードが間違っています。
パスワードは必須です
パスワードは8文字以上にしてください
パスワードを忘れました
パスワードを入力してください
トークンの有効期限が切れています
キーが見つかりません
パスワードは環境変数 «N» に入っています
storageKey: "«k»-v2"
storageKey: '«a».«c».v1',
const STORAGE_KEY = '«a»-«k»';
localStorageKey="«a».theme"
password: «c»Schema,
password: «c»Schema.required(),
password: passwordSchema
token: «c»Validator,
secret: «C»Field,
password: *«n»
  password: *default_«n»
api_key: *«a»
token: *shared_«n»
salt: «i»
salt rounds: 10
saltRounds = 12
const salt = await bcrypt.genSalt(10);
salt = os.urandom(16)
bcrypt.hash(password, salt)
the salt is random for each user
seed: «i»
seed=«i»
--seed «i»
random.seed(«i»)
seed = int(time.time())
Random seed: «i»«i»
seed the database with test users
npm run seed
seeds: users.ts
salt and pepper to taste
salt '*' test.ping
salt-call state.apply
import salt.modules.«a»
pepper: sweet
mnemonic: add
mnemonic: "MOV"
docker run -u «i» -p «i»:«i» «a»
docker run -u «u» -p 127.0.0.1:«i»:80 «a»
ssh -l «u» -p «i» «h»
ssh -p «i» -l «u» «h»
scp -P «i» -l 800 «a».tgz «u»@«h»:
mysql -u «u» -P «i» -h «h»
psql -U «u» -p «i» «a»
sudo -u «u» mkdir -p /srv/«a»/«k»
sudo -u «u» mkdir -p data/«n»
sudo -u «u» cp -p «a».conf «a».bak
sudo -u «u» psql -p 5433
ps -u «u» -p «i»
sudo -u «u» cargo test -p «a»-core
sudo -u «u» cargo build -p «n»
sudo -u «u» claude -p "fix the «w» test"
rsync -u -p src/«a» «h»:/srv
git add -u -p src/«a».c
grep -P '\\d+«a»' -l src
pip install -U -p python3 «a»
lsof -u «u» -p «i»
useradd -u 1001 -p «i» «u»
strace -u «u» -p «i»
mysqldump -u «u» -p «a» > «a».sql
mysql -u «u» -p
mysql -u «u» -p «a»
enable secret
service password-encryption
ip ssh pubkey-chain
username «u» privilege 15
aaa authentication login default group tacacs+ local
crypto key generate rsa modulus 2048
key chain «a»
snmp-server community string is required
password hash md5
token type 1 is for access
key 1 is pressed
key 2 of 5
  ~ «n»_version = "«i»" -> "«i»2"
  ~ token_ttl = "3600" -> "7200"
  ~ password_length = 16 -> 24
  + password = (sensitive value)
  ~ password = (sensitive value)
  + «n» = (known after apply)
'''

# The same with something random that opens nothing: digests, fingerprints, public keys.
RANDOM_TRAIN = r'''
sha256("«n»") = «H»
SHA256 («k».txt) = «H»
MD5 («n») = «H»
«H»  «k».txt
«H» *secrets/«n»
checksum of "«n»" = «H»
checksum "«n»" is «H»
"«n»": "sha256:«H»"
"«n»"=«H» (sha256)
digest for «n»: sha256:«H»
«n» checksum: «H»
«n»_hash=«H»
«n».sha256: «H»
public key: «B»
public key: «b»
Public key: «b»=
Your public key is «B»
peer public key «B»
PublicKey = «B»
publicKey: "«B»",
"public_key": "«H»"
the public key «b» is in the keyring
fingerprint: «F»
Key fingerprint = «F»
SSH key fingerprint: SHA256:«b»
key fingerprint is SHA256:«b» «u»@«h»
2048 SHA256:«b» «u»@«h» (RSA)
RSA key fingerprint is SHA256:«b».
ED25519 key fingerprint is SHA256:«b».
token fingerprint «H»
password fingerprint: «H»
gpg: key «x»: public key imported
using RSA key «H»
key ID «x»
host key «b»
known_hosts: «h» ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI«b»
lock key «U»
cache key «H»
cache hit for key «H»
restored from key: linux-npm-«H»
key: linux-cargo-«H»
key: v1-«k»-«H»
idempotency key «U»
correlation key: «U»
'''

CHATTER_TEST = r'''
Can you tell me why the «w» is refused by «h»?
The «w» is validated on the client as well.
Never paste your «w» into a chat.
the «w» is optional in development
The «w» is passed through stdin.
The «w» is encrypted at rest.
I need a «w» to reach «a», who has one?
please update the «w» docs
the «w» is generated on first start
«w» is deprecated, use OAuth
WARN: no «w» configured, falling back to anonymous
Bad «w» for «u», «i» attempts left
password for postgres (will not be echoed):
Context left: «i» tokens
"usage": {"input_tokens": «i», "cache_read_input_tokens": «i»}
the token bucket refills «i» per second
key=lambda item: item.name
map[string]string{"key": "value"}
ALTER TABLE t ADD KEY (user_id)
press the Enter key
he will pass by at noon
ok  	«a»/auth	0.«i»s
const «c» = useSelector(selectToken);
private readonly «c»: string;
assert response.status_code == 401, "«w» must be rejected"
      «n»: ${{ secrets.«N» }}
«n» = var.«n»
password_hash = hasher.hash(password)
<Form.Item name="«c»" label="«W»" rules={rules}>
t('login.«n»')
Usage: «a» [--«k» FILE]
Wie lautet das Passwort?
Das Passwort wird nicht angezeigt.
Das Kennwort ist leer.
Quel est le mot de passe ?
Le mot de passe est trop court.
¿Cuál es la contraseña?
La contraseña es demasiado corta.
Qual é a senha?
A senha é muito curta.
Какой пароль?
Пароль слишком короткий.
密码是什么？
密码太短
パスワードは何ですか？
パスワードが短すぎます
«n»: *«a»_default
password: «c»Rules,
the world seed is «i»
podman run -u «u» -p «i»:80 «a»
ssh «h» -l «u» -p «i»
sudo -u «u» tar -p -xf «k».tar
password encryption aes
  ~ secret_version = "«i»" -> "«i»1"
'''


RANDOM_TEST = r'''
sha512sum of «n»: «H»
BLAKE2b («k») = «H»
"integrity" of «n»: «H»
pubkey «B»
server public key «B» accepted
The authenticity of «h» can't be established; ECDSA key fingerprint is SHA256:«b».
gpg: Good signature, primary key fingerprint: «H»
'''

# Names whose values look random, and are not secret.
LOOKS_RANDOM = ("_id", "public", "cache_key", "primary_key", "page_token", "next_token", "sync_token", "continuation", "object_key", "s3_key", "sort_key",
                "partition_key", "idempotency", "fingerprint", "cursor", "row_key", "item_key", "lookup", "token_address", "dedupe", "pubkey", "query_key",
                "unique_key", "foreign_key", "secret_version", "key_ref", "secret_ref")


def random_other(r, name):
    """A value under a name that does not name a secret; it may look random where that is usual."""
    if not any(part in name for part in LOOKS_RANDOM) and (name.split("_")[-2] if "_" in name else "") not in THINGS_TRAIN + THINGS_TEST:
        return r.choice([
            lambda: str(r.randint(1, 200000)), lambda: str(r.randint(0, 64)), lambda: r.choice(WORDS), lambda: r.choice(PATHS), lambda: r.choice(REFERENCES),
            lambda: r.choice(["true", "false", "null", "3600", "24h", "30d", "15m", "utf-8", "RS256", "HS256", "bearer", "client_credentials", "Enter", "Tab"]),
            lambda: r.choice(["user", "item", "row", "page"]) + r.choice([".", "-", "_"]) + r.choice(["id", "name", "created", "key", "token"])])()
    alphabet = string.ascii_letters + string.digits
    hexadecimal = "0123456789abcdef"
    return r.choice([
        lambda: "".join(r.choices(alphabet, k=r.randint(8, 32))), lambda: "".join(r.choices(hexadecimal, k=r.choice([8, 16, 32, 40, 64]))),
        lambda: "-".join("".join(r.choices(hexadecimal, k=k)) for k in (8, 4, 4, 4, 12)), lambda: str(r.randint(1, 200000)),
        lambda: r.choice(["users", "images", "orders"]) + "/" + str(r.randint(1, 99)) + "/" + r.choice(["a.png", "index", "raw.json"]),
        lambda: r.choice(["ArrowDown", "Enter", "Escape", "user.name", "created_at", "sha256", "RS256", "bearer", "client_credentials"]),
        lambda: r.choice(["user", "item", "row", "session", "page"]) + r.choice([":", "-", "_"]) + str(r.randint(1, 9999))])()


def stand_in(r):
    """A value that itself says that it is not the real one."""
    sign = r.choice("--__.")
    parts = [r.choice(["example", "sample", "dummy", "fake", "your", "placeholder", "insert", "replace", "some"])]
    parts += r.choice([["«k»"], ["token"], ["key"], ["secret"], ["password"], ["api", "key"], ["access", "token"]])
    parts += r.choice([[], [], ["here"], ["value"], [str(r.randint(1, 9))], ["123"], ["1234"], ["123456"], ["goes", "here"]])
    return sign.join(parts)


def value(r):
    """A harmless value, with slots, and whether it is a sentence."""
    kind = r.choices([REFERENCES, PLACEHOLDERS, TYPES, CODE, WORDS, PATHS, SENTENCES], [4, 2, 2, 4, 3, 2, 3])[0]
    return stand_in(r) if kind is PLACEHOLDERS and r.random() < .4 else r.choice(kind)


def lines(text):
    return [line.replace("\\t", "\t").replace("\\n", "\n") for line in text.strip("\n").split("\n")]
