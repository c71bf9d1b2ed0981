"""What a column is for, by its name in English or Chinese: the words of each role."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """A purpose of columns. ``words`` is matched against the name in lower case with signs as ``_``; ``kinds`` are the
    shapes of values that speak for it, where the name alone is not enough to believe it.
    """

    name: str
    words: str
    kinds: tuple[str, ...] = ()
    is_personal: bool = False


_T = ("time", "date")
ROLES = (
    Role("unionid", r"union_?id"),
    Role("member_no", r"(member|membership|vip)_?(no|num|number|id|code|card)$|^member$|会员(编?号|卡号|id|账号)"),
    Role("consent_id", r"consent_?id|授权(编)?号"),
    Role("message_id", r"(message|msg|send|sms)_?(id|no)$|消息(id|编号)|短信(id|编号)"),
    Role("event_id", r"(event|log|hit|click|visit|record|trace|scan)_?(id|no)$|uuid$|事件(id|编号)|流水号"),
    Role("anonymous", r"anon(ymous)?_?(id)?$|cookie(_?id)?$|visitor_?id|匿名(id)?"),
    Role("device", r"(device|idfa|imei|oaid|android)_?(id)?$|设备(号|id)"),
    Role("line_no", r"(line|row|item)_?(no|num|number|id)$|行号|明细(号|id|编号)"),
    Role(
        "order_id",
        r"(order|receipt|basket|trade|transaction|ticket|bill|invoice)_?(id|no|num|number|code|sn)$|"
        r"订单(编?号|id)|小票号?|单号|交易(编?号|号)",
    ),
    Role(
        "sku",
        r"^sku|sku(_?(id|no|code))?$|(product|item|goods|article|material)_?(id|no|code|sn)$|"
        r"商品(编码|编号|代码|id)|货号|款号",
    ),
    Role("gtin", r"gtin|ean|upc|bar_?code|条形?码"),
    Role(
        "store_id",
        r"(store|shop|branch|outlet|cinema)_?(id|no|code|num)$|^(store|shop)$|(门店|店铺|影城|网点)(编?号|编码|id|代码)",
    ),
    Role("campaign", r"campaign|utm_campaign|活动(id|编号|名称)?$"),
    Role("template", r"template|模板"),
    Role("id_card", r"id_?card|identity_?card|national_?id|身份证|证件号", ("id_card",), is_personal=True),
    Role("bank_card", r"(bank|credit|debit|pay)_?card|card_?(no|num|number)|银行卡", ("bank_card",), is_personal=True),
    Role(
        "recipient_phone",
        r"(recipient|receiver|consignee|ship\w*)_?(phone|mobile|tel)|收[货件]人?(手机|电话)",
        is_personal=True,
    ),
    Role("phone", r"phone|mobile|^tel|_tel$|cell|msisdn|手机|电话|联系方式", ("phone",), is_personal=True),
    Role("email", r"e_?mail|邮箱|电子邮件|邮件地址", ("email",), is_personal=True),
    Role("address", r"addr|street|地址|住址", ("address_cn",), is_personal=True),
    Role("gender", r"^(gender|sex)$|_(gender|sex)$|性别", ("gender",)),
    Role("birth", r"birth|^dob$|born|生日|出生", _T, is_personal=True),
    Role(
        "updated", r"(updated?|modif(ied|y)|changed?|gmt_?modified|last_?(update|modified|change))|更新|修改|变更", _T
    ),
    Role(
        "joined", r"(join|regist|sign_?up|enrol|created?_?(at|on|time|date)?$|gmt_?create)|注册|入会|开卡|加入|创建", _T
    ),
    Role("received", r"(received|arrived|collected|ingest)(_?(at|on|time))?|接收时间", _T),
    Role(
        "occurred",
        r"(occur|happen|order(ed)?|event|sold|sale|paid|pay|sent|send|click(ed)?|scan(ned)?|bought|purchased?|visit(ed)?|"
        r"watched|transaction|trade|original)_?(at|on|time|date|timestamp|ts)$|^(time|date|timestamp|ts|at|datetime|dt)$|"
        r"(下单|购买|消费|交易|支付|发生|事件|发送|点击|扫码|观影|销售|订购)(时间|日期)|^(时间|日期)$",
        _T,
    ),
    Role("launched", r"launch|上市|上架", _T),
    Role("opened", r"open(ed|ing)?_?(on|at|date)|开业|开店", _T),
    Role("purpose", r"purpose|用途|授权目的|^目的$"),
    Role("policy_version", r"policy|协议版本"),
    Role("jurisdiction", r"jurisdiction|适用法律"),
    Role("evidence", r"evidence|proof|凭证"),
    Role("action", r"^action$|consent_?action|授权动作|^动作$|授权状态"),
    Role("arm", r"^(arm|test_?group|ab_?group|variant)$|实验组"),
    Role("event_type", r"^type$|event_?type|事件类型"),
    Role("event", r"^event(_?name)?$|behaviou?r|事件(名称?)?$|行为"),
    Role("channel", r"channel|platform|渠道|平台|来源"),
    Role("device_type", r"device_?type|设备类型"),
    Role("user_agent", r"user_?agent|^ua$"),
    Role("query", r"query|keyword|search|搜索|关键词"),
    Role("quantity", r"^(qty|quantity|count|units?|num|pieces|tickets)$|_(qty|quantity)$|数量|件数|张数", ("integer",)),
    Role("discount", r"discount|coupon_?amount|优惠|折扣", ("integer", "decimal")),
    Role("price", r"price|单价|售价|票价|价格", ("integer", "decimal")),
    Role(
        "amount",
        r"amount|total|paid|payment(?!_?(method|type|channel|way|status))|sales?_?value|revenue|gmv|spend|^value$|金额|总价|实付|合计",
        ("integer", "decimal"),
    ),
    Role("currency", r"^(currency|ccy)$|币种|货币"),
    Role("latitude", r"^(lat|latitude)$|纬度", ("decimal", "integer")),
    Role("longitude", r"^(lng|lon|long|longitude)$|经度", ("decimal", "integer")),
    Role("subcategory", r"sub_?category|小类|二级(分类|类目)"),
    Role("category", r"category|品类|分类|大类|类目"),
    Role("brand", r"brand|品牌"),
    Role("price_band", r"price_?band|价格带"),
    Role("unit", r"^(unit|uom)$|^单位$"),
    Role("format", r"^format$|store_?type|业态|门店类型"),
    Role("region", r"region|大区|区域"),
    Role("province", r"province|^state$|省份?"),
    Role("city", r"city|城市|^市$"),
    Role("status", r"status|状态|等级|level|tier"),
    Role("nickname", r"nick_?name|昵称", is_personal=True),
    Role("product_name", r"(product|item|goods|sku|film|movie)_?(name|title)|(商品|产品|影片|电影)(名称?|名字)?$"),
    Role("store_name", r"(store|shop|branch|cinema)_?name|(门店|店铺|影城)(名称?)?$"),
    Role(
        "name",
        r"^(full_?|real_?|customer_?|member_?|user_?|buyer_?|contact_?|guest_?)?name$|姓名|名字|客户名称?|会员名|联系人|"
        r"^名称$",
        is_personal=True,
    ),
    Role("name_part", r"(given|first|middle|last|family|sur|fore)_?name$|^姓$|^名$", is_personal=True),
    Role("social_number", r"^ssn$|_ssn$|soc(ial)?_?sec", is_personal=True),
    Role(
        "account",
        r"(customer|user|account|client|guest|buyer|person|(?<![a-z])uid|open|crm)_?(id|no|num|number|code)?$|"
        r"(客户|用户|账号|顾客|买家|影城卡|卡)(编?号|编码|id)?$|^卡号$",
    ),
    Role("key", r"^id$|_id$|_no$|_key$|编号$|^序号$|id$"),
)
_SPLIT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_COMPILED = tuple((role, re.compile(role.words)) for role in ROLES)
BY_NAME = {role.name: role for role in ROLES}


def plain_name(column: str) -> str:
    """The last part of a column's path in lower case, words parted by ``_``: ``context.ipAddress`` is ``ip_address``."""
    last = re.split(r"[.\]]", column)[-1]
    return re.sub(r"[\W_]+", "_", _SPLIT.sub("_", last)).strip("_").lower()


def role_of(column: str, kind: str) -> str:
    """The role of a column by its name, held against the shape of its values; by the shape alone where the name says
    nothing; else empty.
    """
    name = plain_name(column)
    for role, words in _COMPILED:
        if words.search(name) and (not role.kinds or kind in role.kinds or kind in ("", "text")):
            return role.name
    return kind if kind in ("phone", "email", "id_card", "bank_card") else ""
