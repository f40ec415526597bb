"""Raw tables of the trilingual lexicon: plain text, one entry a line, columns parted by bars.

``lexicon`` turns each line into a typed entry; the comment above a table names its columns.
"""

# English singular | English plural ("" for mass nouns, "=" when only a plural exists) | German singular |
# gender (m, f, n; "w" adds weak declension) | German plural | Chinese | measure word | semantic classes
NOUNS = """
brother|brothers|Bruder|m|Brüder|弟弟|个|kin male
sister|sisters|Schwester|f|Schwestern|姐姐|个|kin female
mother|mothers|Mutter|f|Mütter|妈妈|个|kin female
father|fathers|Vater|m|Väter|爸爸|个|kin male
uncle|uncles|Onkel|m|Onkel|叔叔|个|kin male
aunt|aunts|Tante|f|Tanten|姑姑|个|kin female
son|sons|Sohn|m|Söhne|儿子|个|kin male child
daughter|daughters|Tochter|f|Töchter|女儿|个|kin female child
grandma|grandmas|Oma|f|Omas|奶奶|个|kin female
grandpa|grandpas|Opa|m|Opas|爷爷|个|kin male
friend|friends|Freund|m|Freunde|朋友|个|kin male
parents|=|Eltern|m|Eltern|父母||kin
children|=|Kinder|n|Kinder|孩子||kin
boss|bosses|Chefin|f|Chefinnen|老板|个|kin female role
neighbor|neighbors|Nachbar|mw|Nachbarn|邻居|个|kin male role
teacher|teachers|Lehrer|m|Lehrer|老师|位|role male
doctor|doctors|Ärztin|f|Ärztinnen|医生|位|role female
waiter|waiters|Kellner|m|Kellner|服务员|个|role male serving
team|teams|Team|n|Teams|球队|支|team
man|men|Mann|m|Männer|男人|个|stranger male
woman|women|Frau|f|Frauen|女人|个|stranger female
cat|cats|Katze|f|Katzen|猫|只|animal
dog|dogs|Hund|m|Hunde|狗|只|animal
bird|birds|Vogel|m|Vögel|鸟|只|animal
bread||Brot|n||面包||eat grocery dish
rice||Reis|m||米饭||eat dish
fish||Fisch|m||鱼||eat grocery dish
meat||Fleisch|n||肉||eat grocery dish
cheese||Käse|m||奶酪||eat grocery
pizza|pizzas|Pizza|f|Pizzen|披萨|个|eat dish
salad|salads|Salat|m|Salate|沙拉|份|eat dish
cake|cakes|Kuchen|m|Kuchen|蛋糕|个|eat grocery dish treat
apple|apples|Apfel|m|Äpfel|苹果|个|eat grocery
egg|eggs|Ei|n|Eier|鸡蛋|个|eat grocery
noodles|=|Nudeln|f|Nudeln|面条||eat cook dish
soup||Suppe|f||汤||cook dish warm
coffee||Kaffee|m||咖啡||drink warm
tea||Tee|m||茶||drink warm
milk||Milch|f||牛奶||drink grocery
juice||Saft|m||果汁||drink
beer||Bier|n||啤酒||drink
coat|coats|Mantel|m|Mäntel|大衣|件|wear ware
dress|dresses|Kleid|n|Kleider|裙子|条|wear ware
shirt|shirts|Hemd|n|Hemden|衬衫|件|wear ware
jacket|jackets|Jacke|f|Jacken|夹克|件|wear ware
shoes|=|Schuhe|m|Schuhe|鞋|双|wear ware
car|cars|Auto|n|Autos|车|辆|vehicle ware big
bike|bikes|Rad|n|Räder|单车|辆|vehicle ware
phone|phones|Handy|n|Handys|手机|部|device ware carry quick
laptop|laptops|Laptop|m|Laptops|电脑|台|device ware quick
watch|watches|Uhr|f|Uhren|手表|块|device ware carry
camera|cameras|Kamera|f|Kameras|相机|台|device ware carry
umbrella|umbrellas|Schirm|m|Schirme|雨伞|把|carry ware
bag|bags|Tasche|f|Taschen|包|个|carry ware
key|keys|Schlüssel|m|Schlüssel|钥匙|把|carry
ticket|tickets|Karte|f|Karten|票|张|carry ticket
table|tables|Tisch|m|Tische|桌子|张|furniture ware
chair|chairs|Stuhl|m|Stühle|椅子|把|furniture ware
lamp|lamps|Lampe|f|Lampen|灯|盏|furniture ware
picture|pictures|Bild|n|Bilder|画|幅|ware art
gift|gifts|Geschenk|n|Geschenke|礼物|份|gift
flowers|=|Blumen|f|Blumen|花|束|gift
book|books|Buch|n|Bücher|书|本|read ware gift story
letter|letters|Brief|m|Briefe|信|封|read write
newspaper|newspapers|Zeitung|f|Zeitungen|报纸|份|read
story|stories|Geschichte|f|Geschichten|故事|个|read write story
report|reports|Bericht|m|Berichte|报告|份|read write
email|emails|E-Mail|f|E-Mails|邮件|封|read write
film|films|Film|m|Filme|电影|部|show story
game|games|Spiel|n|Spiele|比赛|场|show event
concert|concerts|Konzert|n|Konzerte|音乐会|场|event
party|parties|Party|f|Partys|聚会|个|event
exam|exams|Prüfung|f|Prüfungen|考试|场|task
meeting|meetings|Sitzung|f|Sitzungen|会议|个|event
course|courses|Kurs|m|Kurse|课程|门|task
trip|trips|Reise|f|Reisen|旅行|次|event
room|rooms|Zimmer|n|Zimmer|房间|个|room space
kitchen|kitchens|Küche|f|Küchen|厨房|个|room space
house|houses|Haus|n|Häuser|房子|栋|room space big
garden|gardens|Garten|m|Gärten|花园|个|space
hotel|hotels|Hotel|n|Hotels|酒店|家|venue
restaurant|restaurants|Restaurant|n|Restaurants|餐厅|家|venue eatery
cafe|cafes|Café|n|Cafés|咖啡馆|家|venue eatery
shop|shops|Laden|m|Läden|商店|家|business
museum|museums|Museum|n|Museen|博物馆|家|sight
school|schools|Schule|f|Schulen|学校|所|sight
park|parks|Park|m|Parks|公园|个|sight space
beach|beaches|Strand|m|Strände|海滩|片|space
city|cities|Stadt|f|Städte|城市|座|town
bus|buses|Bus|m|Busse|巴士|辆|transport
train|trains|Zug|m|Züge|火车|趟|transport
taxi|taxis|Taxi|n|Taxis|出租车|辆|ride
food||Essen|n||饭菜||board meal
service||Service|m||服务||board service
music||Musik|f||音乐||music
weather||Wetter|n||天气||weather
door|doors|Tür|f|Türen|门|扇|opening
window|windows|Fenster|n|Fenster|窗户|扇|opening
"""

# English | comparative | German | inflected stem | comparative | Chinese ("a/b": fixed affirmative and negative
# predicates) | Chinese attribute | polarity ("!": not used with a negation) | semantic classes it describes
ADJECTIVES = """
good|better|gut|gut|besser|好|好|+|dish cook drink show story event venue board music ware weather
great||toll|toll||棒|很棒的|+!|dish cook drink show story event venue board music
bad|worse|schlecht|schlecht|schlechter|差|很差的|-|dish cook drink show venue board music weather
terrible||schrecklich|schrecklich||糟糕|糟糕的|-!|show story event venue board music weather
delicious||lecker|lecker||好吃|好吃的|+|eat meal
fresh|fresher|frisch|frisch|frischer|新鲜|新鲜的|+|grocery
cold||kalt|kalt||凉|凉的|-|warm
expensive|more expensive|teuer|teur|teurer|贵|昂贵的|-|ware venue ticket
cheap|cheaper|billig|billig|billiger|便宜|便宜的|+|ware venue ticket
nice|nicer|schön|schön|schöner|漂亮|漂亮的|+|wear art furniture space town vehicle
ugly|uglier|hässlich|hässlich|hässlicher|难看|难看的|-|wear art furniture
clean|cleaner|sauber|sauber|sauberer|干净|干净的|+|space venue town
dirty|dirtier|schmutzig|schmutzig|schmutziger|脏|很脏的|-|space vehicle wear
quiet|quieter|ruhig|ruhig|ruhiger|安静|安静的|+|venue space town
loud|louder|laut|laut|lauter|吵|吵闹的|-|venue town music
new|newer|neu|neu|neuer|新|新|0|ware venue sight
old|older|alt|alt|älter|旧|旧|0|ware
old|older|alt|alt|älter|老|老|0|sight
big|bigger|groß|groß|größer|大|大|0|space sight town furniture vehicle
small|smaller|klein|klein|kleiner|小|小|0|space sight town furniture vehicle
broken||kaputt|kaputt||坏了/没坏||-|device vehicle
heavy|heavier|schwer|schwer|schwerer|重|很重的|0|furniture
interesting|more interesting|interessant|interessant|interessanter|有趣|有趣的|+|read show story task sight
boring|more boring|langweilig|langweilig|langweiliger|无聊|无聊的|-|read show story task event
exciting|more exciting|spannend|spannend|spannender|精彩|精彩的|+|story show
long|longer|lang|lang|länger|长|很长的|0|write show story event
short|shorter|kurz|kurz|kürzer|短|很短的|0|write show story event
hard|harder|schwer|schwer|schwerer|难|很难的|-|task
easy|easier|leicht|leicht|leichter|容易|容易的|+|task
important|more important|wichtig|wichtig|wichtiger|重要|重要的|0|task write
fast|faster|schnell|schnell|schneller|快|很快的|+|vehicle quick transport
slow|slower|langsam|langsam|langsamer|慢|很慢的|-|transport quick service
late||verspätet|verspätet||晚点了/没晚点||-|transport
friendly|friendlier|freundlich|freundlich|freundlicher|友好|友好的|+|trait manner
kind|kinder|nett|nett|netter|和气|和气的|+|trait manner
rude||unhöflich|unhöflich||没礼貌|没礼貌的|-!|trait manner
smart|smarter|klug|klug|klüger|聪明|聪明的|+|trait
lazy|lazier|faul|faul|fauler|懒|懒|-|trait
strict|stricter|streng|streng|strenger|严格|严格的|0|trait manner
tall|taller|groß|groß|größer|高|高|0|trait
young|younger|jung|jung|jünger|年轻|年轻的|0|trait
happy|happier|glücklich|glücklich|glücklicher|开心|开心的|+|state
sad||traurig|traurig||难过|难过的|-|state
angry||wütend|wütend||生气|生气的|-|state
nervous||nervös|nervös||紧张|紧张的|-|state
tired||müde|müde||累|累的|0|state need
hungry||hungrig|hungrig||饿|饿的|0|state need
busy||beschäftigt|beschäftigt||忙|忙的|0|state
sick||krank|krank||生病了/没生病||-|state need
healthy||gesund|gesund||健康|健康的|+|lasting
red||rot|rot||红|红|0|color
blue||blau|blau||蓝|蓝|0|color
black||schwarz|schwarz||黑|黑|0|color
white||weiß|weiß||白|白|0|color
cold|colder|kalt|kalt|kälter|冷|冷|0|climate
warm|warmer|warm|warm|wärmer|暖和|暖和的|0|climate
hot|hotter|heiß|heiß|heißer|热|热|0|climate
windy||windig|windig||有风/没有风||0|sky
sunny||sonnig|sonnig||是晴天/不是晴天||0|sky
cloudy||bewölkt|bewölkt||是阴天/不是阴天||0|sky
"""

# English base, past, -ing | tail (particle, preposition or fixed complement) | German infinitive, du, er,
# preterite, participle, auxiliary (h, s), separable prefix | tail | case of the object | Chinese | Chinese
# perfective ("" to derive it) | object classes | place classes | time scale (d day, w any, y long) | polarity |
# flags: p progressive, h habitual, o own objects, d definite objects, s stative, r preterite even for I and you,
# i never intended (no "going to"), t the outcome lies in the tail,
# q I as he (preterite-present), g directional (goes somewhere), l the place is part of the predicate
VERBS = """
eat,ate,eating||essen,isst,isst,aß,gegessen,h,||acc|吃{o}||eat|eating|d|0|ph
drink,drank,drinking||trinken,trinkst,trinkt,trank,getrunken,h,||acc|喝{o}||drink|eating|d|0|ph
cook,cooked,cooking||kochen,kochst,kocht,kochte,gekocht,h,||acc|做{o}||cook|cooking|d|0|ph
order,ordered,ordering||bestellen,bestellst,bestellt,bestellte,bestellt,h,||acc|点{o}||dish drink|eatery|d|0|h
buy,bought,buying||kaufen,kaufst,kauft,kaufte,gekauft,h,||acc|买{o}||ware grocery gift|shopping|w|0|
sell,sold,selling||verkaufen,verkaufst,verkauft,verkaufte,verkauft,h,||acc|卖{o}|卖掉了{o}|vehicle big device|none|w|0|o
read,read,reading||lesen,liest,liest,las,gelesen,h,||acc|读{o}||read|reading|d|0|ph
write,wrote,writing||schreiben,schreibst,schreibt,schrieb,geschrieben,h,||acc|写{o}||write|reading|d|0|ph
watch,watched,watching||sehen,siehst,sieht,sah,gesehen,h,||acc|看{o}||show|none|d|0|p
wear,wore,wearing||tragen,trägst,trägt,trug,getragen,h,||acc|穿{o}||wear|none|d|0|
find,found,finding||finden,findest,findet,fand,gefunden,h,||acc|找到{o}||carry|finding|d|+|o
lose,lost,losing||verlieren,verlierst,verliert,verlor,verloren,h,||acc|丢{o}||carry|finding|d|-|o
look,looked,looking|for|suchen,suchst,sucht,suchte,gesucht,h,||acc|找{o}|找{o}|carry|finding|d|0|po
need,needed,needing||brauchen,brauchst,braucht,brauchte,gebraucht,h,||acc|需要{o}||ware ticket gift|none|w|0|sr
have,had,having||haben,hast,hat,hatte,gehabt,h,||acc|有{o}||ware ticket gift|none|w|0|sr
repair,repaired,repairing||reparieren,reparierst,repariert,reparierte,repariert,h,||acc|修{o}|修好了{o}|vehicle device|none|d|0|po
wash,washed,washing||waschen,wäschst,wäscht,wusch,gewaschen,h,||acc|洗{o}||vehicle wear|none|d|0|po
clean,cleaned,cleaning||putzen,putzt,putzt,putzte,geputzt,h,||acc|打扫{o}||room|none|d|0|pod
open,opened,opening||öffnen,öffnest,öffnet,öffnete,geöffnet,h,||acc|打开{o}||opening|none|d|0|d
close,closed,closing||schließen,schließt,schließt,schloss,geschlossen,h,||acc|关上{o}||opening|none|d|0|d
visit,visited,visiting||besuchen,besuchst,besucht,besuchte,besucht,h,||acc|看望{o}||person|none|w|0|h
meet,met,meeting||treffen,triffst,trifft,traf,getroffen,h,||acc|见{o}||person|meeting|d|0|
help,helped,helping||helfen,hilfst,hilft,half,geholfen,h,||dat|帮{o}||person|none|d|0|h
thank,thanked,thanking||danken,dankst,dankt,dankte,gedankt,h,||dat|感谢{o}||person|none|d|+|
call,called,calling||anrufen,rufst,ruft,rief,angerufen,h,an||acc|给{o}打电话|给{o}打了电话|person|none|d|0|h
invite,invited,inviting||einladen,lädst,lädt,lud,eingeladen,h,ein||acc|邀请{o}||person|none|d|0|
wait,waited,waiting|for|warten,wartest,wartet,wartete,gewartet,h,|auf|acc|等{o}||transport person|meeting|d|0|pi
visit,visited,visiting||besuchen,besuchst,besucht,besuchte,besucht,h,||acc|参观{o}||sight|none|w|0|d
play,played,playing|football|spielen,spielst,spielt,spielte,gespielt,h,|Fußball|acc|踢足球|踢了足球||sport|d|0|ph
play,played,playing|tennis|spielen,spielst,spielt,spielte,gespielt,h,|Tennis|acc|打网球|打了网球||sport|d|0|ph
play,played,playing|cards|spielen,spielst,spielt,spielte,gespielt,h,|Karten|acc|打牌|打了牌||leisure|d|0|ph
play,played,playing|the piano|spielen,spielst,spielt,spielte,gespielt,h,|Klavier|acc|弹钢琴|弹了钢琴||indoors|d|0|ph
swim,swam,swimming||schwimmen,schwimmst,schwimmt,schwamm,geschwommen,s,||acc|游泳|游了泳||swim|d|0|ph
run,ran,running||laufen,läufst,läuft,lief,gelaufen,s,||acc|跑步|跑了步||running|d|0|ph
dance,danced,dancing||tanzen,tanzt,tanzt,tanzte,getanzt,h,||acc|跳舞|跳了舞||leisure|d|0|ph
sing,sang,singing||singen,singst,singt,sang,gesungen,h,||acc|唱歌|唱了歌||leisure|d|0|ph
work,worked,working||arbeiten,arbeitest,arbeitet,arbeitete,gearbeitet,h,||acc|工作|工作||working|d|0|ph
study,studied,studying||lernen,lernst,lernt,lernte,gelernt,h,||acc|学习|学习||reading|d|0|ph
take,took,taking|a walk|gehen,gehst,geht,ging,gegangen,s,|spazieren|acc|散步|散了步||running|d|0|ph
sleep,slept,sleeping|well|schlafen,schläfst,schläft,schlief,geschlafen,h,|gut|acc|睡得很好|睡得很好||sleeping|d|+|t
sleep,slept,sleeping|badly|schlafen,schläfst,schläft,schlief,geschlafen,h,|schlecht|acc|睡得很差|睡得很差||sleeping|d|-|t
stay,stayed,staying||bleiben,bleibst,bleibt,blieb,geblieben,s,||acc|待在{p}|待在{p}||staying|d|0|hl
live,lived,living||wohnen,wohnst,wohnt,wohnte,gewohnt,h,||acc|住在{p}|住在{p}||cities|y|0|sl
go,went,going||gehen,gehst,geht,ging,gegangen,s,||acc|{g}|{gp}||walkable|d|0|hg
drive,drove,driving||fahren,fährst,fährt,fuhr,gefahren,s,||acc|开车{g}|开车{gp}||drivable|d|0|hg
fly,flew,flying||fliegen,fliegst,fliegt,flog,geflogen,s,||acc|飞{g}|飞{gp}||cities|w|0|g
travel,traveled,traveling||reisen,reist,reist,reiste,gereist,s,||acc|{g}旅行|{g}旅行||trips|w|0|g
win,won,winning|the game|gewinnen,gewinnst,gewinnt,gewann,gewonnen,h,|das Spiel|acc|赢比赛|赢了比赛||none|d|+|t
lose,lost,losing|the game|verlieren,verlierst,verliert,verlor,verloren,h,|das Spiel|acc|输比赛|输了比赛||none|d|-|t
arrive,arrived,arriving||ankommen,kommst,kommt,kam,angekommen,s,an||acc|到{p}|到了{p}||arriving|d|0|li
"""

# Verbs of transfer, same columns: the recipient is {i}.
TRANSFERS = """
give,gave,giving||geben,gibst,gibt,gab,gegeben,h,||acc|给{i}{o}|给了{i}{o}|ware gift|none|d|0|
show,showed,showing||zeigen,zeigst,zeigt,zeigte,gezeigt,h,||acc|给{i}看{o}|给{i}看了{o}|art wear device read|none|d|0|o
send,sent,sending||schicken,schickst,schickt,schickte,geschickt,h,||acc|给{i}寄{o}|给{i}寄了{o}|gift|none|d|0|
write,wrote,writing||schreiben,schreibst,schreibt,schrieb,geschrieben,h,||acc|给{i}写{o}|给{i}写了{o}|write|none|d|0|
bring,brought,bringing||bringen,bringst,bringt,brachte,gebracht,h,||acc|给{i}带{o}|给{i}带了{o}|gift treat drink|none|d|0|
"""

# Verbs of liking, same columns.
PREFERENCES = """
like,liked,liking||mögen,magst,mag,mochte,gemocht,h,||acc|喜欢{o}||show|none|w|+|sqr
love,loved,loving||lieben,liebst,liebt,liebte,geliebt,h,||acc|非常喜欢{o}||show|none|w|+|sr
hate,hated,hating||hassen,hasst,hasst,hasste,gehasst,h,||acc|讨厌{o}||show|none|w|-|sr
"""

# English location | English goal | German location | German goal | Chinese | Chinese goal ("" to derive) | classes
PLACES = """
at school|to school|in der Schule|zur Schule|学校|| walkable reading meeting finding goal
in the office|to the office|im Büro|ins Büro|办公室||working drivable finding goal
in the park|to the park|im Park|in den Park|公园||sport running eating leisure meeting walkable reading fair outing
in the garden|into the garden|im Garten|in den Garten|花园||leisure eating reading finding fair
at the cinema|to the cinema|im Kino|ins Kino|影院||walkable meeting finding goal
at the museum|to the museum|im Museum|ins Museum|博物馆||walkable working goal
at the station|to the station|am Bahnhof|zum Bahnhof|车站||meeting walkable finding drivable goal
at the market|to the market|auf dem Markt|zum Markt|市场||shopping walkable meeting food goal
at the supermarket|to the supermarket|im Supermarkt|in den Supermarkt|超市||shopping working drivable food goal
in town|into town|in der Stadt|in die Stadt|城里||shopping drivable meeting
at the restaurant|to the restaurant|im Restaurant|ins Restaurant|餐厅||eating eatery working walkable goal
at the cafe|to the cafe|im Café|ins Café|咖啡馆||eating eatery working reading meeting walkable goal
on the beach|to the beach|am Strand|an den Strand|海滩||running sport leisure walkable drivable fair outing
at the lake|to the lake|am See|an den See|湖边||swim running drivable fair outing
in the mountains|to the mountains|in den Bergen|in die Berge|山里||trips drivable fair outing
in the library|to the library|in der Bibliothek|in die Bibliothek|图书馆||reading working walkable goal
at home|home|zu Hause|nach Hause|家|回家|eating cooking leisure reading working staying indoors walkable drivable
in the kitchen||in der Küche||厨房||cooking
in the room||im Zimmer||房间||
in the hospital|to the hospital|in der Klinik|in die Klinik|医院||working drivable
at the airport|to the airport|am Flughafen|zum Flughafen|机场||meeting finding drivable
at the hotel|to the hotel|im Hotel|ins Hotel|酒店||staying sleeping working eating finding arriving
in Berlin|to Berlin|in Berlin|nach Berlin|柏林||cities trips arriving
in Paris|to Paris|in Paris|nach Paris|巴黎||cities trips arriving
in London|to London|in London|nach London|伦敦||cities trips arriving
in Rome|to Rome|in Rom|nach Rom|罗马||cities trips arriving
in Vienna|to Vienna|in Wien|nach Wien|维也纳||cities trips arriving
in Beijing|to Beijing|in Peking|nach Peking|北京||cities trips arriving
"""

# English | German | Chinese | scale (t part of a day, d day, w week, y year) | kinds
TIMES = """
yesterday|gestern|昨天|d|past front clock
last night|gestern Abend|昨晚|d|past front
this morning|heute früh|今早|d|past front
two days ago|vor zwei Tagen|两天前|d|past
on Monday|am Montag|周一|d|past future front clock
on Friday|am Freitag|周五|d|past future front clock
on Sunday|am Sonntag|周日|d|past future front
last week|letzte Woche|上周|w|past front
last year|letztes Jahr|去年|y|past front
last summer|letzten Sommer|去年夏天|y|past
tomorrow|morgen|明天|d|future front clock
tonight|heute Abend|今晚|d|future front clock
in two days|in zwei Tagen|两天后|d|future
next week|nächste Woche|下周|w|future front
next year|nächstes Jahr|明年|y|future front
next summer|nächsten Sommer|明年夏天|y|future
today|heute|今天|d|present
every day|jeden Tag|每天|d|habit front
every morning|jeden Morgen|每天早上|d|habit front
on Sundays|sonntags|每周日|d|habit front
after work|nach der Arbeit|下班后|t|past future habit front
after school|nach der Schule|放学后|t|past future habit front
in the evening|am Abend|晚上|t|past future habit front
now|jetzt|现在|d|ongoing
"""

# English | German | Chinese | gender
NAMES = """
Anna|Anna|安娜|f
Tom|Tom|汤姆|m
Lisa|Lisa|丽莎|f
Paul|Paul|保罗|m
Emma|Emma|艾玛|f
David|David|大卫|m
Nina|Nina|妮娜|f
Max|Max|马克|m
Mei|Mei|小美|f
Leo|Leo|里奥|m
"""

# English | German man | German woman | Chinese
PROFESSIONS = """
teacher|Lehrer|Lehrerin|老师
doctor|Arzt|Ärztin|医生
cook|Koch|Köchin|厨师
student|Student|Studentin|学生
singer|Sänger|Sängerin|歌手
pilot|Pilot|Pilotin|飞行员
"""

# English | German | Chinese
NUMERALS = """
two|zwei|两
three|drei|三
four|vier|四
five|fünf|五
six|sechs|六
seven|sieben|七
eight|acht|八
nine|neun|九
ten|zehn|十
twelve|zwölf|十二
twenty|zwanzig|二十
forty|vierzig|四十
fifty|fünfzig|五十
"""

# English | German | Chinese: adverbs of frequency
FREQUENCIES = """
often|oft|经常
always|immer|总是
sometimes|manchmal|有时
usually|meist|通常
never|nie|从不
"""
