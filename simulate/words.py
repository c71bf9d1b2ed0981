"""The names and sentences that simulated people, shops and clerks use."""

SURNAMES = tuple("王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余")
GIVEN_FIRST = tuple("子雨思嘉佳俊晓文志明海春建国美丽秀玉欣梓浩宇一诗梦雅静永振")
GIVEN_SECOND = (*"涵轩怡杰伟芳娜敏强磊军洋勇艳涛超兰霞平刚桂英华鹏飞", "", "", "", "", "")
LATIN_GIVEN = (
    "Linda", "Kevin", "Grace", "Tony", "Vivian", "Jason", "Cindy", "Eric", "Amy", "Leo", "Maria", "Peter",
    "Sophie", "Daniel", "Anna", "Lucas", "Emma", "Oscar", "Nina", "Hugo",
)  # fmt: skip
LATIN_SURNAMES = (
    "Wang",
    "Li",
    "Zhang",
    "Chen",
    "Smith",
    "Garcia",
    "Müller",
    "Tanaka",
    "Kim",
    "Dubois",
    "Rossi",
    "Khan",
)
MAIL_WORDS = (
    "coffee",
    "sunny",
    "happy",
    "cat",
    "lucky",
    "tiger",
    "river",
    "moon",
    "little",
    "summer",
    "bean",
    "star",
)
MAIL_DOMAINS = (
    "example.com",
    "example.net",
    "example.org",
    "mail.example.com",
    "post.example.cn",
    "qmail.example.cn",
)

ROADS = (
    "中山路",
    "人民路",
    "解放路",
    "建设路",
    "长江路",
    "和平街",
    "文化路",
    "新华大街",
    "学院路",
    "滨河路",
    "湖滨路",
    "友谊路",
)
DISTRICTS = ("东城区", "西湖区", "高新区", "江北区", "新城区", "河西区", "朝阳区", "南山区")
QUERIES = (
    "拿铁",
    "latte",
    "咖啡豆",
    "抹茶",
    "生日礼物",
    "马克杯",
    "手冲壶",
    "可颂",
    "低因",
    "coffee beans",
    "挂耳",
    "燕麦奶",
)

PHONES = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36",
)
BROWSERS = (
    *PHONES,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15",
)
BOT_AGENT = "Mozilla/5.0 (compatible; PriceWatchBot/2.1)"

CALLS = (
    "客户反映外卖咖啡送到时已经凉了，要求退款。",
    "客户询问会员积分什么时候过期，已经解释规则。",
    "客户投诉门店排队时间太长，态度不好。",
    "客户想修改收货地址，订单还没有发货，已经处理。",
    "客户表扬店员服务热情，想知道新品什么时候上市。",
    "Customer asks for an invoice for last month, sent by e-mail.",
    "客户说优惠券无法使用，核实后补发一张。",
    "客户要求以后不要再发营销短信。",
)
GOOD_REVIEWS = (
    "豆子很新鲜，香味浓郁，下次还会买。",
    "包装很好，送礼有面子，物流也快。",
    "Great value, smooth taste, arrived in two days.",
    "一直在买这家，味道稳定，价格实惠。",
)
BAD_REVIEWS = (
    "味道偏苦，和描述不一样，有点失望。",
    "物流太慢，盒子压坏了。",
    "杯子有划痕，客服半天不回。",
    "Tastes stale, the date on the bag was six months old.",
)
ANSWERS = (
    "希望早上能再快一点。",
    "喜欢新品，价格有点高。",
    "座位太少，周末总是没位置。",
    "店员很热情，会推荐给朋友。",
    "希望有更多低糖的选择。",
    "App is easy to use, but coupons are hard to find.",
)
QUESTIONS = ("您最希望我们改进什么？", "您为什么选择我们？")
