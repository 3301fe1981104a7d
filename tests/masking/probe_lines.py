"""Lines written by hand, as people and programs write them: ¤ is where a secret goes, a line without one is harmless.

A line of SECRET is: P (password) or T (token, key) or I (PIN); what the value may hold (tools/judge/contexts.py, FITS; "@" a
password of a URL that holds @, / or :); the group; the text, in which \\n is a line break. A line of HARMLESS is the group and the text.
"""

SECRET = r'''
P c en-prose hi, could you check why the login fails? my password is ¤ and the user is hannah
P c en-prose The staging box changed hands, its root password is ¤ these days.
P c en-prose for the demo account just use ¤ as password
P c en-prose I set the database password to ¤, does the container pick it up?
P c en-prose old password was ¤ but it no longer works
P c en-prose creds for the printer: admin / ¤
P c en-prose ok, password's ¤
P c en-prose Password (same as last year): ¤
P c en-prose You can reach it with ssh, user pi, password ¤
P c en-prose they told me the passphrase is ¤ — try that
P c en-prose the keystore pass is ¤
P c en-prose pwd = ¤, user = lars
P c en-prose The WiFi password at the office is ¤.
P q en-prose I typed "¤" as my password and got a 403
P s en-prose the sudo password on that machine is '¤'
P k en-prose password is `¤`, don't print it
P c en-prose temporary password: ¤ (change on first login)
P c en-prose Please add a user eve with password ¤ to the compose file
P c en-prose reset hannah's password to ¤ and restart
P c en-prose my mail password is: ¤
P c en-prose note to self: vpn password = ¤
P c en-prose username: hannah password: ¤ server: mx1
P c en-prose and then enter ¤ when it asks for the password
P c en-prose so the root pw on nas2 is ¤ right?
T c en-prose Here is my API key: ¤
T c en-prose my token is ¤ please use it for the requests
T c en-prose use this key ¤ for the weather api
T k en-prose The API key is `¤` and it expires in May.
T c en-prose the bearer token we got back was ¤
T c en-prose client secret: ¤
T c en-prose I generated a new access token, ¤, for the bot
T q en-prose secret key is "¤" in the dashboard
T c en-prose the webhook secret should be ¤
T c en-prose license key ¤ was sent by mail
I b en-prose the alarm PIN is ¤
I b en-prose SIM pin: ¤
P c de-prose Kannst du dich mal einloggen? Passwort ist ¤
P c de-prose das root passwort vom server lautet ¤
P c de-prose Hier die Zugangsdaten: Benutzer: hannah, Passwort: ¤
P c de-prose Mein WLAN Passwort: ¤
P c de-prose Ich hab das Passwort jetzt auf ¤ gesetzt.
P c de-prose das alte Passwort war ¤
P c de-prose Das Kennwort für den Admin heißt ¤
P q de-prose Passwort: "¤"
P c de-prose Anmelden mit hannah / ¤
P c de-prose Das Datenbankpasswort ist ¤, der Benutzer app.
P c de-prose mit dem Passwort ¤ klappt es nicht
P c de-prose pw für den testserver: ¤
T c de-prose der API-Key ist ¤
T c de-prose Unser Token: ¤
T c de-prose geheimer Schlüssel: ¤
I b de-prose PIN der Karte: ¤
I b de-prose Meine PIN lautet ¤
P c fr-prose voici le mot de passe : ¤
P c fr-prose le mdp est ¤
P c fr-prose mot de passe root : ¤
P c fr-prose Le mot de passe du compte de test est ¤, merci.
P c fr-prose utilise hannah avec le mot de passe ¤
P c fr-prose mon ancien mot de passe était ¤
P q fr-prose le mot de passe est "¤"
P c fr-prose Identifiants : hannah / ¤
P c fr-prose j'ai mis ¤ comme mot de passe
T c fr-prose ma clé API : ¤
T c fr-prose le jeton d'accès est ¤
T c fr-prose Clé d'API: ¤
I b fr-prose code PIN : ¤
P c es-prose mi contraseña es ¤
P c es-prose la contraseña de root es ¤, no la compartas
P c es-prose Usuario: hannah Contraseña: ¤
P c es-prose La contraseña del router: ¤
P c es-prose puse ¤ como contraseña
P c es-prose la nueva contraseña será ¤
P q es-prose la contraseña es "¤"
P c es-prose clave de acceso: ¤
P c es-prose entra con hannah / ¤
T c es-prose la clave API es ¤
T c es-prose Token de acceso: ¤
I b es-prose el PIN es ¤
P c pt-prose minha senha é ¤
P c pt-prose a senha do root é ¤
P c pt-prose Usuário: hannah Senha: ¤
P c pt-prose Senha do roteador: ¤
P c pt-prose troquei a senha para ¤
P c pt-prose a nova senha será ¤
P q pt-prose a senha é "¤"
P c pt-prose Palavra-passe: ¤
P c pt-prose entra com hannah / ¤
T c pt-prose minha chave de API é ¤
T c pt-prose Token de acesso: ¤
I b pt-prose o PIN é ¤
P c ru-prose мой пароль ¤
P c ru-prose Пароль от сервера: ¤
P c ru-prose пароль root — ¤
P c ru-prose Логин: hannah Пароль: ¤
P c ru-prose я поменял пароль на ¤
P c ru-prose новый пароль: ¤
P q ru-prose пароль "¤" не подходит
P c ru-prose старый пароль был ¤
P c ru-prose зайди с паролем ¤
T c ru-prose вот токен: ¤
T c ru-prose API ключ: ¤
T c ru-prose секретный ключ ¤
I b ru-prose ПИН-код карты: ¤
P c zh-prose 我的密码是 ¤
P c zh-prose root 密码：¤
P c zh-prose 用户名hannah，密码¤
P c zh-prose 数据库的密码是¤，用户是app
P c zh-prose 我把密码改成了 ¤
P c zh-prose 新密码: ¤
P q zh-prose 密码是"¤"
P c zh-prose 旧密码 ¤ 不能用了
P c zh-prose wifi密码：¤
P c zh-prose 登录口令是 ¤
T c zh-prose 我的API密钥是 ¤
T c zh-prose token是 ¤
T c zh-prose 访问令牌: ¤
P c ja-prose パスワードは ¤ です
P c ja-prose rootのパスワード：¤
P c ja-prose ユーザー名: hannah パスワード: ¤
P c ja-prose パスワードを ¤ に変更しました
P c ja-prose 新しいパスワードは「¤」です。
P c ja-prose DBのパスワード: ¤
P c ja-prose 古いパスワードは¤でした
P c ja-prose WiFiのパスワード ¤
T c ja-prose APIキー：¤
T c ja-prose トークンは ¤ です
T c ja-prose アクセストークン: ¤
P b command mysql -uroot -p¤ -e 'show databases'
P b command mysqladmin -u root password ¤
P s command mysql --user=app --password='¤' shop
P b command PGPASSWORD=¤ psql -h db -U app -c 'select 1'
P b command sshpass -p ¤ rsync -a build/ pi@10.0.0.9:/srv
P s command sshpass -p '¤' ssh -o StrictHostKeyChecking=no root@10.0.0.9 uptime
P b command redis-cli -a ¤ info
P b command curl -u hannah:¤ https://nas.lan/api/v2/files
P q command curl --user "hannah:¤" -X POST https://nas.lan/login
P b command docker login registry.lan -u hannah -p ¤
P b command docker run --rm -e POSTGRES_PASSWORD=¤ postgres:16
P b command docker exec -e MYSQL_PWD=¤ db mysqldump shop
P s command echo '¤' | sudo -S systemctl restart nginx
P b command echo "hannah:¤" | chpasswd
P b command useradd -m hannah && echo hannah:¤ | sudo chpasswd
P b command ftp -u ftp://hannah:¤@files.lan/in.csv data.csv
P b command mongosh -u root -p ¤ --authenticationDatabase admin
P b command kubectl create secret generic db --from-literal=password=¤
P b command kubectl create secret docker-registry reg --docker-username=hannah --docker-password=¤
P b command helm upgrade shop ./shop --set postgresql.auth.password=¤
P b command keytool -genkey -alias a -storepass ¤ -keystore k.jks
P b command openssl pkcs12 -export -in c.pem -passout pass:¤ -out c.p12
P b command zip -P ¤ out.zip secret.txt
P b command 7z x backup.7z -p¤
P b command nmcli dev wifi connect office password ¤
P b command smbclient -U hannah%¤ //nas/share
P b command xfreerdp /v:win1 /u:hannah /p:¤
P b command ldapsearch -D cn=admin,dc=lan -w ¤ -b dc=lan
P s command ansible all -m ping -e 'ansible_password=¤'
P s command psql "postgresql://app@db/shop?password=¤"
P b command net use Z: \\nas\share ¤ /user:hannah
P s command ALTER USER app PASSWORD '¤';
P s command CREATE USER 'app'@'localhost' IDENTIFIED BY '¤';
P b command rabbitmqctl change_password guest ¤
P b command htpasswd -b /etc/nginx/.htpasswd hannah ¤
T s command curl -H 'Authorization: Bearer ¤' https://api.lan/v1/me
T q command curl -H "X-API-Key: ¤" https://api.lan/v1/me
T b command export OPENWEATHER_API_KEY=¤
T b command gh secret set DEPLOY_TOKEN --body ¤
T b command vercel --token ¤ deploy
T b command npm config set //registry.lan/:_authToken=¤
T b command aws configure set aws_secret_access_key ¤ --profile shop
T b command vault login ¤
T b command doctl auth init -t ¤
T b command argocd login cd.lan --auth-token ¤
T b command sentry-cli --auth-token ¤ releases list
T b command set JIRA_API_TOKEN=¤
T q command $Env:SONAR_TOKEN="¤"
P @ url postgres://app:¤@db.lan:5432/shop
P @ url DATABASE_URL=mysql://root:¤@127.0.0.1:3306/shop
P @ url redis://default:¤@cache.lan:6379/0
P @ url mongodb://root:¤@mongo.lan:27017/?authSource=admin
P @ url git clone https://hannah:¤@git.lan/shop/web.git
P @ url amqp://guest:¤@mq.lan:5672/vhost
P @ url curl https://hannah:¤@nas.lan/files/
P @ url SQLALCHEMY_DATABASE_URI = "postgresql+psycopg2://app:¤@db.lan/shop"
P @ url the dsn is postgres://app:¤@db.lan/shop, is that right?
P @ url smtp://mailer:¤@mx.lan:587
P @ url proxy = http://hannah:¤@proxy.lan:3128
P @ url {"url": "mysql://app:¤@db.lan/shop"}
P u url ldap://cn=admin:¤@ldap.lan:389
P u url rtsp://viewer:¤@192.168.1.77:554/stream1
P u url jdbc:mysql://db.lan/shop?user=app&password=¤
T v url https://api.lan/v1/me?api_key=¤
T v url https://hooks.lan/in?token=¤&channel=ops
T v url wget "https://dl.lan/f.bin?access_token=¤"
P c table | host | user | password |\n|---|---|---|\n| db1 | root | ¤ |
P c table | Field | Value |\n|---|---|\n| Username | hannah |\n| Password | ¤ |
P c table Name,User,Password\nnas,hannah,¤
P c table user;passwort\nhannah;¤
P c table  user   | password\n--------+----------\n hannah | ¤\n(1 row)
P c table +------+-----------+\n| user | password  |\n+------+-----------+\n| hannah | ¤ |\n+------+-----------+
P c table *************************** 1. row ***************************\n    user: hannah\npassword: ¤
P c table USER      PASSWORD      HOST\nhannah    ¤    db1
P c table user\tpassword\nhannah\t¤
P c table Benutzer | Passwort\n---|---\nhannah | ¤
P c table <tr><th>Password</th></tr><tr><td>¤</td></tr>
T c table | Service | API key |\n| --- | --- |\n| weather | ¤ |
T c table name     token\nbot      ¤
T q table "service","token"\n"weather","¤"
T c table Token      ¤\nExpires    never
P c table ┌────────┬──────────┐\n│ user   │ password │\n├────────┼──────────┤\n│ hannah │ ¤ │\n└────────┴──────────┘
P b tool $ cat .env\nDB_HOST=db.lan\nDB_PASSWORD=¤\nDB_USER=app
P b tool $ env | grep -i pass\nSMTP_PASS=¤
P b tool $ printenv POSTGRES_PASSWORD\n¤
P b tool $ grep -rn password config/\nconfig/app.yml:12:  password: ¤
P q tool config/app.json:7:    "password": "¤",
P q tool      3\t  "dbPassword": "¤",
P b tool +    password: ¤
P b tool -DB_PASS=¤
P b tool $ docker inspect db\n            "Env": [\n                "MYSQL_ROOT_PASSWORD=¤",
P b tool $ kubectl exec web -- env\nRABBITMQ_PASSWORD=¤
P b tool === Credentials ===\nUsername: hannah\nPassword: ¤
P b tool Your initial password is ¤
P b tool 2024-11-02 10:11:12 ERROR login failed user=hannah password=¤
P b tool A temporary password is generated for root@localhost: ¤
P b tool Jenkins initial setup is required. Please use the following password to proceed to installation:\n\n¤\n
P b tool Enter password for hannah: ¤
P b tool $ pass show mail/hannah\n¤\nlogin: hannah
P b tool $ security find-generic-password -w -s mail\n¤
P q tool password: "¤"
P s tool {'user': 'app', 'password': '¤', 'host': 'db'}
P q tool Connection{user=app, password="¤"}
P b tool [mysqld]\nuser=mysql\n[client]\nuser=root\npassword=¤
P b tool machine git.lan login hannah password ¤
P b tool db.lan:5432:shop:app:¤
P q tool terraform output -json\n{"db_password": {"sensitive": true, "type": "string", "value": "¤"}}
P q tool   + password = "¤"
P x tool <password>¤</password>
P q tool <add name="db" connectionString="Server=db;User Id=app;Password=¤;" />
T b tool $ vault kv get secret/shop\n====== Data ======\nKey        Value\n---        -----\napi_key    ¤
T b tool AWS Secret Access Key [None]: ¤
T b tool $ echo $GITLAB_TOKEN\n¤
T b tool > authorization: Bearer ¤
T b tool < set-cookie: session_token=¤; Path=/
T q tool {"access_token":"¤","token_type":"bearer","expires_in":3600}
T q tool {"name": "API_TOKEN", "value": "¤"}
T q tool [{"key":"SECRET_KEY","value":"¤"}]
T b tool - name: SESSION_SECRET\n  value: ¤
T q tool   "args": ["--api-key", "¤"],
T q tool const apiKey = "¤";
T s tool app.config['SECRET_KEY'] = '¤'
T q tool api_key: Some("¤".to_string()),
T q tool ["api_key"]=>\n  string(32) "¤"
T b tool DJANGO_SECRET_KEY: ¤
T b tool client_secret=¤
T b tool Created token ¤ for user hannah
T q tool {"tool":"bash","command":"export STRIPE_SECRET=¤ && npm start"}
T q tool "{\"api_key\": \"¤\"}"
'''

HARMLESS = r'''
en the password is wrong
en The password is read from the file at start.
en I forgot my password, where can I reset it?
en password must not be empty
en Should the token be refreshed before it expires?
en The secret to fast builds is a warm cache.
en use a password manager
en The key insight is that both paths share a lock.
en please add a password field to the form
en Password strength: weak
en The user enters a password, then presses Enter.
en what does "password" mean in this struct?
en He used 4000 tokens for the summary.
en token usage: 15234 of 200000
en The access token lives for one hour.
en that test passes now, the other one does not
en Pass the options as the second argument.
en The API key goes into the environment, never into the code.
en password: see 1Password
en password: ask Hannah
en Password: ********
en Set DB_PASSWORD in your shell.
en Do you store the token in local storage?
en secrets are masked before they are written
en the pin on the board is loose
en Pin the version in package.json.
en credentials: none needed
de Das Passwort ist zu kurz.
de Wie setze ich das Passwort zurück?
de Bitte das Passwort nie ins Repository schreiben.
de Das Passwort wird beim Start gelesen.
de Der Schlüssel zum Erfolg ist Geduld.
de Passwort: siehe Wiki
de Der Token läuft nach einer Stunde ab.
de passwort vergessen
fr Le mot de passe est trop court.
fr Comment réinitialiser le mot de passe ?
fr Le mot de passe ne doit pas être vide.
fr La clé du problème est ailleurs.
fr mot de passe oublié
fr Le jeton a expiré.
es La contraseña no es válida.
es ¿Cómo cambio la contraseña?
es La contraseña se lee del entorno.
es La clave está en el cache.
es contraseña olvidada
es El token ha caducado.
pt A senha não confere.
pt Como altero a senha?
pt A senha é lida do ambiente.
pt A chave do problema está no cache.
pt esqueci minha senha
pt O token expirou.
ru Пароль не подходит.
ru Как сменить пароль?
ru Пароль читается из окружения.
ru Ключ к успеху в терпении.
ru забыл пароль
ru Токен истёк.
zh 密码不对
zh 怎么重置密码？
zh 密码从环境变量读取。
zh 请不要把密码写进代码里
zh 令牌一小时后过期
zh 关键在于缓存
ja パスワードが違います
ja パスワードを再設定するには？
ja パスワードは環境変数から読み込まれます。
ja トークンは1時間で切れます
ja キーを押してください
code const password = process.env.DB_PASSWORD;
code password = os.environ["DB_PASSWORD"]
code password: ${DB_PASSWORD}
code DB_PASSWORD=$(cat /run/secrets/db)
code DB_PASSWORD=
code token = self.next_token()
code if password == confirm_password:
code password = getpass.getpass()
code password: str
code password: string;
code "password": {"type": "string", "minLength": 8}
code token := r.Header.Get("Authorization")
code func NewToken(kind TokenKind, value string) *Token {
code let token = lexer.next()?;
code assert!(token.is_some());
code key = "user:" + id
code keys := make([]string, 0, len(m))
code const { token, refreshToken } = await login(email, password);
code secret: { secretName: "shop-tls" }
code secretKeyRef:\n  name: shop\n  key: db-password
code Authorization: Bearer ${token}
code curl -H "Authorization: Bearer $TOKEN" https://api.lan
code mysql -u root -p shop
code psql -h db -U app -W
code ssh-keygen -t ed25519 -f ~/.ssh/id_ed25519
code password_file: /run/secrets/db_password
code token_url: https://auth.lan/oauth/token
code "token_type": "bearer"
code public_key: 4096
code api_key_id = 17
code <input name="password" type="password" autocomplete="current-password">
code <label for="token">Token</label>
code passwordPolicy: { min: 12 }
code tokenizer = AutoTokenizer.from_pretrained("gpt2")
code max_tokens: 4096
code PRIMARY KEY (token_id)
code grep -rn "password" src/ | head
code git log --grep=token --oneline
code i18n: { password: "Mot de passe", login: "Connexion" }
code "forgotPassword": "Forgot your password?"
code password=<your password>
code API_KEY=your-api-key-here
code api_key: "xxxxxxxxxxxxxxxx"
code password: REDACTED
code postgres://app:${DB_PASSWORD}@db.lan/shop
code postgres://user:password@host:5432/dbname
code https://docs.lan/auth/token#refresh
code raise AuthError("invalid token")
code logger.info("token refreshed for %s", user)
tool fatal: Authentication failed for 'https://git.lan/shop.git'
tool sudo: a password is required
tool hannah@nas's password:
tool Permission denied (publickey,password).
tool Enter passphrase for key '/home/hannah/.ssh/id_rsa':
tool {"usage":{"input_tokens":1834,"output_tokens":412}}
tool PASS  src/token.test.ts (5.2 s)
tool --- PASS: TestTokenRefresh (0.01s)
tool NAME       TYPE      DATA   AGE\ndb-secret  Opaque    2      14d
tool | user | password |\n|---|---|\n| hannah | (hidden) |
tool | Option | Default |\n|---|---|\n| `token` | none |
tool M  src/password.ts
tool -rw-r--r-- 1 hannah hannah 1679 Nov  2 10:11 token.json
tool Unexpected token '<', "<!DOCTYPE "... is not valid JSON
tool Created secret/shop
'''
