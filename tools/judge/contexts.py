"""Where secrets are found: templates, a set for training and another for testing, written independently.

A line is: what the name stands for (P a password, T a token or key, A either, I a PIN), what the value may contain (see FITS), the
context's name, the template. ¤ is the value; «...» is filled from names.py; \\n and \\t are a line break and a tab.
"""

import re

TRAIN = r'''
A b env «N»=¤
A b env «N»=¤\n«O»=«a»
A b env «O»=«i»\n«N»=¤\n«O»=true
A q env «N»="¤"
A s env «N»='¤'
A b env export «N»=¤
A q env export «N»="¤"
A s env export «N»='¤' «O»=1
A b env set «N»=¤
A q env $env:«N» = "¤"
A s env $env:«N»='¤'
A b env setenv «N» ¤
A b env set -x «N» ¤
A b env «N»: ¤
A b env #«N»=¤
A b env # «N»=¤
A b env ENV «N»=¤
A b env ENV «N» ¤
A b env ARG «N»=¤
A b env Environment=«N»=¤
A q env Environment="«N»=¤"
A b env «h»: «N»=¤
A b env declare -x «N»=¤
A q env declare -x «N»="¤"
A b env   - «N»=¤
A b env «N»=¤ # «a»
A b shell «N»=¤ ./run.sh «a»
A b shell docker run -d -e «N»=¤ -p «i»:«i» «a»
A b shell docker run --env «N»=¤ «a»:latest
A q shell docker run -e "«N»=¤" «a»
A b shell podman run -e «N»=¤ «a»
A b shell kubectl create secret generic «a» --from-literal=«k»=¤
A b shell kubectl create secret generic «a» --from-literal=«N»=¤ -n «a»
A b shell helm install «a» ./chart --set «d»=¤
A b shell helm upgrade «a» chart/ --set «d»=¤,replicas=«i»
A q shell gh secret set «N» --body "¤"
A s shell gh secret set «N» -b '¤'
A b shell vault kv put secret/«a» «n»=¤
A b shell vault kv put kv/«a» user=«u» «n»=¤
A b shell heroku config:set «N»=¤ -a «a»
A b shell fly secrets set «N»=¤
A b shell aws configure set aws_secret_access_key ¤
A q shell aws ssm put-parameter --name /«a»/«n» --value "¤" --type SecureString
A b shell «a» login --username «u» --«k» ¤
A b shell «a» login -u «u» --«k»=¤
A b shell «a» --host «h» --user «u» --«k» ¤ --verbose
A q shell «a» --«k» "¤" run
A s shell «a» --«k»='¤'
P b shell sshpass -p ¤ ssh «u»@«h»
P s shell sshpass -p '¤' scp «a».tgz «u»@«h»:
P b shell mysql -u «u» -p¤ «a»
P b shell mysql -h «h» -u«u» --password=¤
P b shell PGPASSWORD=¤ psql -h «h» -U «u» «a»
P s shell PGPASSWORD='¤' pg_dump «a»
P b shell redis-cli -h «h» -a ¤ ping
P b shell curl -u «u»:¤ https://«h»/api
P q shell curl -u "«u»:¤" https://«h»/
P b shell curl --user «u»:¤ «h»
P b shell echo ¤ | docker login -u «u» --password-stdin
P s shell echo '¤' | sudo -S ls
P b shell net user «u» ¤ /add
P b shell wget --user=«u» --password=¤ https://«h»/«a»
P b shell openssl enc -aes-256-cbc -pass pass:¤ -in «a»
P b shell ldapsearch -x -D cn=«u» -w ¤ -b dc=«a»
P s shell psql "host=«h» user=«u» password=¤ dbname=«a»"
P b shell smbclient //«h»/«a» -U «u»%¤
P b shell sqlcmd -S «h» -U «u» -P ¤ -d «a»
P b shell bcp «a» out «a».dat -S «h» -U «u» -P ¤ -c
P b shell isql -U«u» -P¤
P b shell rdesktop -u «u» -p ¤ «h»
P b shell cqlsh «h» -u «u» -p ¤
P b shell ipmitool -I lanplus -H «h» -U «u» -P ¤ chassis status
P b shell xfreerdp /u:«u» /p:¤ /v:«h»
P b shell plink -ssh -l «u» -pw ¤ «h»
P s shell winexe -U '«a»/«u»%¤' //«h» "hostname"
P b shell lftp -u «u»,¤ ftp://«h»
P b shell «a»ctl -u «u» -p ¤ list
P b shell «a» -h «h» -U «u» -p ¤
P q shell «a»-cli --user «u» -p "¤" status
P s shell «a» -l «u» -p '¤' «h»
P b shell «a» -p ¤ -u «u» -H «h»
P b shell nmcli dev wifi connect «a» password ¤
P b cisco enable secret ¤
P b cisco enable secret 5 ¤
P b cisco enable password 7 ¤
P b cisco username «u» password 0 ¤
P b cisco username «u» privilege 15 secret 9 ¤
P b cisco hostname «a»\nenable secret 8 ¤\ninterface Vlan«i»
P b cisco line con 0\n password 7 ¤\n login local
T b cisco radius-server key 7 ¤
T b cisco tacacs server «a»\n address ipv4 «h»\n key 7 ¤
T b cisco crypto isakmp key ¤ address «h»
T b cisco  key 1\n  key-string 7 ¤
T b cisco ip ospf message-digest-key 1 md5 7 ¤
T b cisco snmp-server community ¤ RO
T b cisco wpa-psk ascii 0 ¤
T b cisco pre-shared-key address «h» key ¤
T q shell curl -H "Authorization: Bearer ¤" https://«h»/v1
T q shell curl -H "X-Api-Key: ¤" https://«h»/
T q shell curl -H "Authorization: token ¤" https://«h»/
T s shell curl -H 'X-Auth-Token: ¤' https://«h»
T b shell npm config set //«h»/:_authToken ¤
T b shell vault operator unseal ¤
T b tool Unseal Key «i»: ¤
T b tool Recovery key «i»: ¤
T b shell git remote add origin https://«u»:¤@«h»/«a».git
A b ini «n» = ¤
A b ini «n»=¤
A b ini [«a»]\n«n» = ¤
A b ini [«a»]\nhost = «h»\nuser = «u»\n«n» = ¤\n
A b ini «n»: ¤
A p ini «n» = ¤
A p ini «n»: ¤
A p yaml   «n»: ¤
A p env «N»=¤
A p prose the «w» is ¤
A p prose «w»: ¤
A b ini ;«n» = ¤
A b ini «d»=¤
A b ini «d»=¤\n«d2»=«i»
A b ini spring.datasource.«k»=¤
A b ini «k» = ¤
A b ini [client]\nuser=«u»\n«n»=¤
A b ini machine «h» login «u» password ¤
A b ini machine «h»\n  login «u»\n  password ¤
A b ini requirepass ¤
A b ini «c»=¤
A b ini <«c»>¤</«c»>
A b yaml «n»: ¤
A b yaml   «n»: ¤\n  user: «u»
A b yaml «a»:\n  host: «h»\n  «n»: ¤
A q yaml   «n»: "¤"
A s yaml   «n»: '¤'
A b yaml   «c»: ¤
A q yaml «c»: "¤" # «a»
A b yaml environment:\n  «N»: ¤\n  «O»: «i»
A q yaml   «N»: "¤"
A b yaml   - «N»=¤
A b yaml - name: «N»\n  value: ¤
A q yaml - name: «N»\n  value: "¤"
A s yaml         - name: «N»\n          value: '¤'
A q yaml   - value: "¤"\n    name: «N»
A b yaml «k»: ¤
A b yaml stringData:\n  «n»: ¤
A b yaml «n»: !!str ¤
A b yaml «n»: &«a» ¤
A b yaml «n»: |\n  ¤\n
A b yaml «n»: >-\n    ¤\nuser: «u»
A b yaml {user: «u», «n»: ¤}
A q json {"«n»": "¤"}
A q json {"«c»": "¤", "«c2»": «i»}
A q json {"user": "«u»", "«n»": "¤"}
A q json   "«n»": "¤",
A q json   "«c»": "¤"
A q json "«N»": "¤",
A q json {\n  "host": "«h»",\n  "«n»": "¤"\n}
A q json {"«a»":{"«c»":"¤"}}
A q json "«k»":"¤"
A q json {"name": "«N»", "value": "¤"}
A q json {"key": "«n»", "value": "¤", "enabled": true}
A q json {"value": "¤", "name": "«N»"}
A q json "«n»": {"value": "¤"}
A q json "«n»": {\n    "sensitive": true,\n    "type": "string",\n    "value": "¤"\n  }
A q json {"Name": "«N»", "Value": "¤"}
A q json "env": ["«N»=¤", "«O»=«i»"]
A q json {\"«n»\": \"¤\"}
A q json {"stdout": "«n»: ¤\\n", "code": 0}
A q json {"command": "export «N»=¤"}
A q json "args": ["--«k»", "¤", "--user", "«u»"]
A q json "args": ["--«k»=¤"]
A q json ["sshpass", "-p", "¤", "ssh", "«u»@«h»"]
A q json {"«c»": ["¤"]}
A q toml «n» = "¤"
A s toml «n» = '¤'
A q toml [«a»]\nurl = "«h»"\n«n» = "¤"
A q toml «n» = """¤"""
A q toml {user = "«u»", «n» = "¤"}
A q terraform variable "«n»" {\n  default = "¤"\n}
A q terraform   «n» = "¤"
A q terraform   ~ «n» = "«o»" -> "¤"
A q terraform       ~ «n»     = "«o»" -> "¤" # forces replacement
A q terraform   - «n» = "¤" -> null
A q terraform   + «n»   = "¤"
A q terraform       ~ "«N»" = "«o»" -> "¤"
A q terraform «n»   = "¤"
A q terraform «n» = tostring("¤")
A x xml <«c»>¤</«c»>
A x xml <«n»>¤</«n»>
A x xml   <«C»>¤</«C»>
A x xml <property name="«n»" value="¤"/>
A x xml <property name="«d»">¤</property>
A x xml <add key="«C»" value="¤" />
A x xml <user name="«u»" «n»="¤"/>
A x xml <Resource name="«a»" username="«u»" «c»="¤"/>
A x xml <param name="«c»" value='¤'/>
A x xml <key>«c»</key>\n\t<string>¤</string>
A x xml <string name="«n»">¤</string>
A x xml <input type="password" name="«n»" value="¤">
A x xml connectionString="Server=«h»;User Id=«u»;Password=¤;"
P b csharp "Data Source=«h»;User ID=«u»;Password=¤;Database=«a»"
P b csharp Server=«h»;Database=«a»;Uid=«u»;Pwd=¤;
A q python «n» = "¤"
A s python «n» = '¤'
A q python     «n»="¤",
A s python self.«n» = '¤'
A q python client = «C»("«h»", «n»="¤")
A s python     '«n»': '¤',
A q python os.environ["«N»"] = "¤"
A s python os.environ['«N»'] = '¤'
A q python os.getenv("«N»", "¤")
A s python config.get('«n»', '¤')
A q python monkeypatch.setenv("«N»", "¤")
A q python «n»: str = "¤"
A q python «N» = b"¤"
A s python conn = connect(host='«h»', user='«u»', password='¤')
A s python r = requests.get(url, auth=('«u»', '¤'))
A q python assert «n» == "¤"
A q python def connect(user="«u»", «n»="¤"):
A q python parser.add_argument("--«k»", default="¤")
A q js const «c» = "¤";
A s js const «c» = '¤';
A s js   «c»: '¤',
A q js   «c»: "¤",
A s js process.env.«N» = '¤';
A s js const «c» = process.env.«N» || '¤';
A s js let «c»: string = '¤'
A s js axios.post(url, { user: '«u»', «c»: '¤' })
A s js headers: { '«k»': '¤' }
A s js localStorage.setItem('«c»', '¤')
A s js await page.fill('#«k»', '¤')
A s js «c» === '¤'
A q go «c» := "¤"
A q go «C»: "¤",
A q go const «c» = "¤"
A q go var «c» string = "¤"
A q go os.Setenv("«N»", "¤")
A q go req.Header.Set("«k»", "¤")
A q go if «c» == "¤" {
A q go cfg.«C» = "¤"
A q java private static final String «N» = "¤";
A q java String «c» = "¤";
A q java .set«C»("¤")
A q java props.put("«d»", "¤");
A q java System.setProperty("«d»", "¤");
A q java @Value("${«d»:¤}")
A q rust let «n» = "¤";
A q rust «n»: "¤".to_string(),
A q rust «n»: Some("¤".into()),
A q rust «n»: Some("¤"),
A q rust const «N»: &str = "¤";
A q rust .«n»("¤")
A q rust env::set_var("«N»", "¤");
A q c #define «N» "¤"
A q c const char *«n» = "¤";
A q c static char «n»[] = "¤";
A q c setenv("«N»", "¤", 1);
A q csharp string «c» = "¤";
A q csharp public string «C» { get; set; } = "¤";
A q csharp «C» = "¤",
A s php $«n» = '¤';
A s php define('«N»', '¤');
A s php '«n»' => '¤',
A s php putenv('«N»=¤');
A q php   ["«n»"]=>\n  string(«i») "¤"
A s ruby «n»: '¤'
A s ruby :«n» => '¤',
A s ruby ENV['«N»'] = '¤'
A s ruby ENV.fetch('«N»', '¤')
A q ruby «n» = "¤"
A q swift let «c» = "¤"
A q kotlin val «c» = "¤"
A q lua «n» = "¤",
A s sql CREATE USER «u» IDENTIFIED BY '¤';
A s sql CREATE USER '«u»'@'%' IDENTIFIED BY '¤';
A s sql ALTER USER «u» WITH PASSWORD '¤';
A s sql CREATE ROLE «u» LOGIN PASSWORD '¤';
A s sql SET PASSWORD FOR '«u»'@'«h»' = PASSWORD('¤');
A s sql GRANT ALL ON «a».* TO '«u»'@'«h»' IDENTIFIED BY '¤';
A s sql INSERT INTO users (name, «n») VALUES ('«u»', '¤');
A s sql INSERT INTO config(«n», host) VALUES ('¤', '«h»');
A s sql UPDATE users SET «n» = '¤' WHERE id = «i»;
A s sql CREATE LOGIN «u» WITH PASSWORD = '¤';
P u url postgres://«u»:¤@«h»:5432/«a»
P u url mysql://«u»:¤@«h»/«a»
P u url mongodb+srv://«u»:¤@«h»/«a»?retryWrites=true
P u url redis://:¤@«h»:6379/0
P u url amqp://«u»:¤@«h»:5672
P u url https://«u»:¤@«h»/
P u url git clone https://«u»:¤@«h»/«a».git
P u url DATABASE_URL=postgresql://«u»:¤@«h»:5432/«a»
P u url ftp://«u»:¤@«h»/«a»
T v url https://«h»/api?«n»=¤&page=«i»
T v url GET /v1/«a»?«c»=¤ HTTP/1.1
A v form user=«u»&«n»=¤&submit=1
A v form «c»=¤&grant_type=password
A v form POST /login\n\nusername=«u»&«n»=¤
A b form Content-Disposition: form-data; name="«n»"\n\n¤\n--
A b http «K»: ¤
T b http Authorization: Bearer ¤
T b http > X-Auth-Token: ¤
T v http Set-Cookie: «n»=¤; Path=/; HttpOnly
A q http {"request":{"headers":[{"name":"«K»","value":"¤"}]}}
A b log «i» INFO «a» connected user=«u» «n»=¤
A b log [DEBUG] «a»: «n»=¤ host=«h»
A b log «a»[«i»]: login with «w» ¤ failed for «u»
A b log Generated «w»: ¤
A b log INFO: «n»: ¤
A q log level=info msg="started" «n»="¤"
A b log time="«i»" «n»=¤
A s log {'user': '«u»', '«n»': '¤'}
A q log Config{Host: "«h»", «C»: "¤"}
A b log Config { host: «h», «n»: ¤ }
A b tool aws_secret_access_key [None]: ¤
A b tool AWS Secret Access Key [None]: ¤
A b tool Enter «w»: ¤
A b tool Your «w» is: ¤
A b tool New «w»: ¤
A b tool «n»    ¤
A b tool «n»             ¤\nusername        «u»
A b tool Key          Value\n---          -----\n«n»     ¤\nusername     «u»
A b tool === «w» ===\n¤
A b tool $ printenv «N»\n¤
A b tool $ echo $«N»\n¤
A b tool «w»\n¤
A b tool «W»:\n¤\n
A b tool «W»:\n  ¤
A b tool $ cat «n».txt\n¤
A b tool + «n» = ¤
A q tool ~ «n» = "¤" -> (known after apply)
A c table | user | «w» |\n|---|---|\n| «u» | ¤ |
A c table | «W» | ¤ |
A c table | host | user | «n» |\n|------|------|------|\n| «h» | «u» | ¤ |
A c table | **«W»** | `¤` |
A c table  id | name | «n»\n----+------+------\n «i» | «u» | ¤
A c table +----+--------+\n| id | «n» |\n+----+--------+\n| «i» | ¤ |
A c table user,«n»,host\n«u»,¤,«h»
A c table id;name;«n»\n«i»;«u»;¤
A q table "user","«n»"\n"«u»","¤"
A c table NAME      «N»      AGE\n«u»     ¤     «i»d
A c table *** 1. row ***\n  id: «i»\n«n»: ¤
A c table «n»\t¤
A c table user\t«n»\n«u»\t¤
A c table <tr><td>«W»</td><td>¤</td></tr>
A c table <th>«W»</th><td>¤</td>
A c md **«W»:** ¤
A k md **«W»:** `¤`
A k md - «W»: `¤`
A k md * «w»: `¤`
A k md `«n»`: `¤`
A k md The «w» is `¤`.
A k md Set `«N»` to `¤`.
A k md Set `«N»=¤` before you start.
A k md Use `¤` as the «w».
A c md - **«W»**: ¤
A c prose The «w» is ¤
A c prose the «w» is ¤.
A c prose My «w» is ¤, please log in.
A c prose the «w» for «a» is ¤
A c prose The «w» for the «a» server is now ¤.
A c prose «w»: ¤
A c prose «W»: ¤
A c prose the «w» is: ¤
A c prose pw: ¤
A c prose user: «u» «w»: ¤
A c prose user «u», «w» ¤
A c prose username «u» and «w» ¤
A c prose log in with «u» / ¤
A c prose use «u» / ¤ to log in
A c prose credentials: «u» / ¤
A c prose login: «u»/¤
A c prose I changed the «w» to ¤
A c prose set the «w» to ¤ please
A c prose please use «w» ¤ for the test
A c prose here is the «w»: ¤
A c prose the «w» was changed to ¤ yesterday
A c prose ok so «w» = ¤ and host = «h»
A c prose the «a» «w» should be ¤
A q prose the «w» is "¤"
A s prose my «w» is '¤', can you try?
A q prose with the «w» "¤" it works
A c prose «w» -> ¤
A c prose «w» - ¤
A c prose (the «w» is ¤)
A c prose ¤ is the «w»
A c prose ¤ is my «w» for «a»
A c prose I use ¤ as «w»
A c prose try ¤ as the «w»
A c prose connect to «h» as «u» with «w» ¤
I b prose PIN: ¤
I b prose the pin is ¤
I b prose my PIN for the card is ¤
I b prose «h» pin=¤
P c de Das Passwort ist ¤
P c de das Passwort lautet ¤.
P c de Passwort: ¤
P c de Mein Passwort für «a» ist ¤, bitte einloggen.
P c de Kennwort: ¤
P c de Das neue Kennwort lautet: ¤
P c de Benutzer «u», Passwort ¤
P c de Zugangsdaten: «u» / ¤
P c de Ich habe das Passwort auf ¤ geändert
P c de Nimm bitte das Passwort ¤ für den Server
P q de das Passwort ist "¤"
P c de Login mit «u» und Passwort ¤
P c de Das Passwort für die Datenbank ist jetzt ¤
T c de Der API-Schlüssel ist ¤
T c de Schlüssel: ¤
T c de Der Token lautet ¤
I b de Die PIN ist ¤
P c fr Le mot de passe est ¤
P c fr Mot de passe : ¤
P c fr mot de passe: ¤
P c fr Mon mot de passe pour «a» est ¤.
P c fr Le nouveau mot de passe de la base est ¤
P c fr identifiant «u», mot de passe ¤
P c fr J'ai changé le mot de passe en ¤
P q fr le mot de passe est « ¤ »
T c fr La clé API est ¤
T c fr Clé secrète : ¤
T c fr le jeton est ¤
I b fr Le code PIN est ¤
P c es La contraseña es ¤
P c es Contraseña: ¤
P c es contraseña: ¤
P c es Mi contraseña para «a» es ¤.
P c es usuario «u», contraseña ¤
P c es La nueva contraseña del servidor es ¤
P c es He cambiado la contraseña a ¤
P c es la clave es ¤
P c es clave: ¤
T c es La clave de API es ¤
T c es El token es ¤
P c pt A senha é ¤
P c pt Senha: ¤
P c pt senha: ¤
P c pt Minha senha do «a» é ¤.
P c pt usuário «u», senha ¤
P c pt A nova senha do banco é ¤
P c pt Mudei a senha para ¤
P c pt a palavra-passe é ¤
T c pt A chave da API é ¤
T c pt O token é ¤
P c ru Пароль: ¤
P c ru пароль ¤
P c ru Мой пароль от «a»: ¤
P c ru Пароль для входа: ¤
P c ru логин «u», пароль ¤
P c ru Пароль от базы теперь ¤
P c ru Новый пароль — ¤
P c ru пароль такой: ¤
T c ru Токен: ¤
T c ru Ключ API: ¤
I b ru ПИН-код: ¤
P c zh 密码：¤
P c zh 密码: ¤
P c zh 密码是¤
P c zh 密码是 ¤
P c zh 我的密码是¤，请登录
P c zh 数据库密码为 ¤
P c zh 用户名 «u» 密码 ¤
P c zh 用户名：«u»，密码：¤
P c zh 新密码改成¤了
P c zh 服务器密码就是 ¤
P c zh 口令：¤
P c zh 登录密码 ¤
T c zh 密钥是 ¤
T c zh 令牌：¤
T c zh API密钥：¤
P c ja パスワード：¤
P c ja パスワード: ¤
P c ja パスワードは¤です
P c ja パスワードは ¤ です。
P c ja ユーザー名は«u»、パスワードは¤です
P c ja 新しいパスワード：¤
P c ja データベースのパスワードは「¤」です
T c ja トークン: ¤
T c ja APIキーは ¤ です
I b ja 暗証番号は¤です
'''

# Sentences for training: use -> openers, subjects, links, tails, in any combination.
SENTENCES = {
    "en": ("", ["", "", "", "ok, ", "hi, ", "btw ", "FYI: ", "note: ", "so ", "- ", "yes, ", "I think ", "remember: ", "sorry, ", "for the record, ", "* "],
           ["the «w»", "my «w»", "your «w»", "our «w»", "the new «w»", "the old «w»", "the «w» for «a»", "the «w» on «h»", "the «w» of «u»", "«W»", "«w»",
            "the «w» to the «a» box", "«u»'s «w»", "the current «w»", "the «w» we use", "the «a» «w»", "«W» for «u»", "the «w» in staging"],
           [" is ", " is ", " is ", " was ", " is now ", " = ", ": ", ": ", " is still ", " should be ", " has been set to ", " is set to ", " was reset to ",
            " changed to ", " will be ", " must be ", " is: ", " currently is ", " equals ", " (", " - ", " "],
           ["", "", "", ".", ", thanks", " for now", " until friday", " on «h»", " and the user is «u»", "\nport «i»", ", please rotate", ", user «u»",
            "; the port is «i»", " (do not share)", "!", " and it does not work", ", right?", " but I get a 401", " (temporary)", " if you need it", " please"]),
    "de": ("P", ["", "", "", "Also ", "Hallo, ", "übrigens: ", "ok, ", "Hinweis: ", "ja, "],
           ["das Passwort", "mein Passwort", "das neue Passwort", "das alte Passwort", "Passwort", "das Kennwort", "dein Passwort", "das Passwort für «a»",
            "das Passwort von «u»", "das Passwort auf «h»", "Root-Passwort", "das Datenbank-Passwort", "WLAN-Kennwort"],
           [" ist ", " lautet ", " ist jetzt ", ": ", " war ", " heißt ", " wäre ", " = ", " ist nun ", " lautet: ", " wurde geändert auf ", " "],
           ["", "", ".", ", danke", " bis Freitag", ", Benutzer «u»", " (bitte ändern)", " und der Benutzer «u»", "!", " auf «h»", " (nicht teilen)"]),
    "fr": ("P", ["", "", "", "Bonjour, ", "au fait, ", "donc ", "oui, "],
           ["le mot de passe", "mon mot de passe", "le nouveau mot de passe", "l'ancien mot de passe", "Mot de passe", "le mot de passe de «a»",
            "le mot de passe pour «u»", "le mot de passe du serveur"],
           [" est ", " est maintenant ", ": ", " : ", " était ", " = ", " sera ", " est toujours ", " "],
           ["", "", ".", ", merci", " jusqu'à vendredi", ", utilisateur «u»", " (à changer)", "!", " sur «h»"]),
    "es": ("P", ["", "", "", "Hola, ", "por cierto, ", "bueno, ", "sí, "],
           ["la contraseña", "mi contraseña", "la nueva contraseña", "Contraseña", "la contraseña de «a»", "la contraseña para «u»", "la clave", "la contraseña actual"],
           [" es ", " es ahora ", ": ", " era ", " = ", " será ", " sigue siendo ", " "],
           ["", "", ".", ", gracias", " hasta el viernes", ", usuario «u»", " (temporal)", "!", " en «h»"]),
    "pt": ("P", ["", "", "", "Olá, ", "aliás, ", "bom, ", "sim, "],
           ["a senha", "minha senha", "a nova senha", "Senha", "a senha do «a»", "a senha de «u»", "a palavra-passe", "a senha atual"],
           [" é ", " agora é ", ": ", " era ", " = ", " será ", " ainda é ", " "],
           ["", "", ".", ", obrigado", " até sexta", ", usuário «u»", " (temporária)", "!", " no «h»"]),
    "ru": ("P", ["", "", "", "Привет, ", "кстати, ", "да, ", "так, "],
           ["пароль", "мой пароль", "новый пароль", "Пароль", "пароль от «a»", "пароль для «u»", "пароль root", "старый пароль"],
           [": ", " ", " - ", " — ", " теперь ", " был ", " = ", " такой: ", " сейчас "],
           ["", "", ".", ", спасибо", " до пятницы", ", пользователь «u»", " (временный)", "!", " на «h»"]),
    "zh": ("P", ["", "", "", "你好，", "对了，", "好的，"],
           ["密码", "我的密码", "新密码", "«a»的密码", "«u»的密码", "数据库密码", "服务器密码", "旧密码", "口令", "登录密码"],
           ["是", "是 ", "：", ": ", "为", "为 ", "现在是", "就是", " ", "是：", "改成了"],
           ["", "", "。", "，谢谢", "，用户名«u»", "（临时）", "！", "，请帮忙看看"]),
    "ja": ("P", ["", "", "", "こんにちは、", "ちなみに", "はい、"],
           ["パスワード", "私のパスワード", "新しいパスワード", "«a»のパスワード", "«u»のパスワード", "rootパスワード", "古いパスワード", "ログインパスワード"],
           ["は", "は ", "：", ": ", "は今 ", " ", "は："],
           ["", "です", " です", "です。", "でした", "、ユーザーは«u»", "（仮）"]),
}

TEST = r'''
A b env «N»=¤\nDEBUG=0
A b env export PATH=/usr/bin «N»=¤
A q env «N»="¤" # staging
A b env env «N»=¤ python manage.py migrate
A b env dotenv: «N»=¤
A b env /srv/«a»/.env:12:«N»=¤
A q env +«N»="¤"
A b env SetEnv «N» ¤
A s env -e '«N»=¤'
A b shell kubectl set env deployment/«a» «N»=¤
A b shell docker service create --env «N»=¤ --name «a» nginx
A b shell terraform apply -var «n»=¤
A q shell terraform apply -var "«n»=¤"
A b shell az keyvault secret set --vault-name «a» --name «k» --value ¤
A b shell vault write auth/userpass/login/«u» password=¤
A b shell consul kv put «a»/«n» ¤
A b shell psql --username=«u» --«k»=¤ «a»
P b shell mysqldump --user=«u» --password=¤ «a» > dump.sql
P b shell mongosh "mongodb://«h»" --username «u» --password ¤
P s shell export PGPASSWORD='¤'; pg_restore x
P b shell influx -host «h» -u «u» -p ¤
P b shell hydra -l «u» -p ¤ ssh://«h»
P s shell evil-winrm -i «h» -u «u» -p '¤'
P b shell dbisql -U «u» -P ¤ «a».sql
P b shell rpcinfo -U «u»%¤ «h»
P b cisco username «u» role network-admin password 5 ¤
P b cisco  neighbor «h» password 7 ¤
T b cisco  authentication-key 4 md5 0 ¤
T b cisco tacacs-server host «h» key 7 ¤
P b cisco ppp chap password 0 ¤
A q terraform     ~ «n» = "" -> "¤"
A q terraform   ~ «k» = "changeme" -> "¤"
A p toml «n»: ¤ # «a»
A p env export «N»=¤ TERM=xterm
P b shell curl -su «u»:¤ «h»/health
P b shell ansible-playbook site.yml -e ansible_become_pass=¤
P s shell htpasswd -bB .htpasswd «u» '¤'
P b shell lftp -u «u»,¤ «h»
T s shell http GET «h» 'Authorization: Bearer ¤'
T b shell gh auth login --with-token <<< ¤
T b shell doctl auth init --access-token ¤
A b ini [mail]\nsmtp_user = «u»\n«n» = ¤\nsmtp_port = 587
A b ini quarkus.datasource.«k»=¤
A b ini hibernate.connection.«n»=¤
A b ini [database]\n«n»:¤
A b ini bind_dn = «u»\nbind_«n» = ¤
A b ini default login «u» password ¤
A b yaml mysql:\n    root:\n        «n»: ¤
A q yaml db:\n  «n»: "¤"\n  pool: 5
A b yaml services:\n  db:\n    environment:\n      - «N»=¤
A b yaml - {name: «N», value: ¤}
A s yaml data: {«n»: '¤'}
A b yaml ansible_ssh_pass: ¤
A b yaml     - name: «N»\n      # «a»\n      value: ¤
A q json {"credentials": {"username": "«u»", "«n»": "¤"}}
A q json {"auths":{"«h»":{"username":"«u»","«c»":"¤"}}}
A q json [{"name":"«N»","value":"¤"},{"name":"«O»","value":"1"}]
A q json {"type": "tool_result", "content": "«N»=¤\nPORT=80"}
A q json {\"user\":\"«u»\",\"«c»\":\"¤\"}
A q json   "«C»" : "¤" ,
A q json {"argv":["psql","--«k»","¤"]}
A q json {"outputs":{"«n»":{"sensitive":true,"value":"¤"}}}
A q toml [[users]]\nname = "«u»"\n«n» = "¤"
A q toml [database]\n«n» = "¤" # rotate
A q terraform resource "aws_db_instance" "x" {\n  username = "«u»"\n  «n» = "¤"\n}
A x xml <bean><property name="«c»" value="¤"/></bean>
A x xml <server><username>«u»</username><«n»>¤</«n»></server>
A x xml <entry key="«d»">¤</entry>
A x xml <dict>\n<key>«C»</key>\n<string>¤</string>\n</dict>
A q python engine = create(user="«u»", «n»="¤", host="«h»")
A s python DATABASES = {'default': {'USER': '«u»', '«N»': '¤'}}
A q python settings.«N» = "¤"
A s python session.post(url, data={'«n»': '¤'})
A q python return Client(«n»="¤")
A s js const config = { host: '«h»', «c»: '¤' };
A q js export const «N» = "¤"
A s js "«k»": '¤'
A s js client.login({ «c»: '¤' })
A s js cy.get('[name=«n»]').type('¤')
A q go opts := &Options{Addr: "«h»", «C»: "¤"}
A q go t.Setenv("«N»", "¤")
A q go «c» = "¤" // later
A q java config.set«C»("¤");
A q java public static final String «N» = "¤";
A q java new Credentials("«u»", "¤")
A q rust let «n»: String = "¤".to_owned();
A q rust .with_«n»("¤")
A q c char «n»[64] = "¤";
A q c strcpy(«n», "¤");
A q csharp var «c» = @"¤";
A s php $config['«n»'] = '¤';
A s php 'connections' => ['«n»' => '¤'],
A s ruby config.«n» = '¤'
A s sql CREATE USER app@localhost IDENTIFIED WITH mysql_native_password BY '¤';
A s sql ALTER ROLE «u» PASSWORD '¤' VALID UNTIL 'infinity';
A s sql INSERT INTO accounts (login, mail, «n») VALUES ('«u»', 'x@«h»', '¤');
A s sql SELECT * FROM users WHERE «n» = '¤';
P u url jdbc connection postgres://«u»:¤@«h»/«a»?sslmode=require
P u url smtp://«u»:¤@«h»:587
P u url CELERY_BROKER_URL=redis://«u»:¤@«h»:6379/1
T v url wss://«h»/ws?«n»=¤
A v form email=«u»%40x.org&«c»=¤&remember=on
A b http X-Vault-Token: ¤
A b http < «K»: ¤
A b log 2024-03-01 12:00:01 WARN auth - rejected «n»=¤ for «u»
A q log DEBUG opts: {"«c»":"¤","retries":3}
A b log root «w»: ¤
A b log A temporary «w» is generated for root@localhost: ¤
A b tool ? Enter your «w» › ¤
A b tool «W» (will be shown once): ¤
A b tool vault kv get secret/x\n====== Data ======\nKey         Value\n---         -----\n«n»    ¤
A b tool ❯ printenv «N»\n¤
A b tool «W»\n\n¤
A b tool   «C»:   ¤\n  Region: eu
A c table | service | login | «w» |\n| :-- | :-- | :-- |\n| «a» | «u» | ¤ |
A c table  username | «n»\n----------+-----------\n «u» | ¤\n(1 row)
A c table name,mail,«n»\n«u»,x@«h»,¤
A c table «n» | ¤
A c table HOST        USER      «N»\n«h»   «u»   ¤
A c table | «W» | ¤ |\n| Port | 22 |
A k md 1. «W»: `¤`
A k md > «W»: `¤`
A c md * **«W»** ¤
A k md Log in as `«u»` with `«n»` set to `¤`
A c prose hey, the «w» for «h» is ¤ btw
A c prose can you ssh into «h»? user is «u», «w» is ¤
A c prose I reset the «w», it's ¤ now
A c prose sign in with «u» / ¤ and open the dashboard
A c prose the new «w» will be ¤ from monday
A c prose for «a» use the «w» ¤
A c prose its «w»: ¤ (don't share)
A c prose wifi «w» is ¤
A c prose the db «w» got rotated to ¤ last night
A q prose I think the «w» is "¤" but it fails
A c prose FYI «w» for «u»: ¤
A c prose login «u», «w» ¤, port «i»
I b prose the door PIN is ¤
P c de das aktuelle passwort für «u» lautet ¤ (bitte nicht weitergeben)
P c de PW: ¤
P c de Melde dich mit «u» und dem Passwort ¤ an
P c de WLAN-Passwort: ¤
P c de das Root-Kennwort ist ¤
P c fr le mot de passe du wifi est ¤
P c fr Connecte-toi avec «u», mot de passe : ¤
P c es la contraseña del wifi es ¤
P c es entra con «u» y la contraseña ¤
P c pt a senha do wifi é ¤
P c pt entre com «u» e a senha ¤
P c ru пароль от вайфая: ¤
P c ru зайди под «u», пароль ¤
P c zh 登录用户名是«u»，密码是¤
P c zh root密码：¤
P c zh 把密码设置为¤
P c zh 账号«u»，密码¤，麻烦试一下
P c ja ログインは«u»、パスワードは¤
P c ja Wi-Fiのパスワードは¤です
'''

FITS = {
    "b": lambda v: not any(c in v for c in " \t\"'`#;&|<>\\()"),
    "q": lambda v: not any(c in v for c in "\"\\\n$`"),
    "s": lambda v: not any(c in v for c in "'\\\n"),
    "c": lambda v: not any(c in v for c in " \t|,;\"'`<>") and v[-1] not in ".:!?)]}",
    "k": lambda v: not any(c in v for c in "`|\n"),
    "x": lambda v: not any(c in v for c in "<>&\"'"),
    "p": lambda v: FITS["b"](re.sub(r"(?<=[A-Za-z0-9])['\"`](?=[A-Za-z0-9])", "", v)) and (v[-1] not in ".:!?)]},*" and v[0] not in "[{*&!|>@%"),
    "u": lambda v: not any(c in v for c in " \t\"'`<>/\\?#@:%"),
    "v": lambda v: not any(c in v for c in " \t\"'`<>&;#+%=,/"),
}


def parse(text):
    """(use, quoting, context, template) of each line."""
    result = []
    for line in text.strip().splitlines():
        use, quoting, context, template = line.split(" ", 3)
        result.append((use, quoting, context, template.replace("\\n", "\n").replace("\\t", "\t")))
    return result


def sentence(r):
    """A template of a sentence for training: (use, quoting, context, template)."""
    language = r.choice(["en", "en", "en", "en"] + list(SENTENCES))
    use, openers, subjects, links, tails = SENTENCES[language]
    subject, link, tail = r.choice(subjects), r.choice(links), r.choice(tails)
    value = "¤"
    if language in ("en", "de", "es", "pt") and r.random() < .12:
        value = r.choice(['"¤"', "'¤'", "`¤`"])
    if link == " (":
        tail = ")" + tail
    return use or r.choice("PPPT"), "c", "sentence", r.choice(openers) + subject + link + value + tail
