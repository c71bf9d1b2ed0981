"""Common English short names and the names that they stand for."""

# One line for each full name, then its short forms; a short form of several names stands with each of them.
_TABLE = """
abigail abby gail
albert al bert bertie
alexander alex al sandy xander
alexandra alex sandra lexi sasha
alfred alf alfie fred
amanda mandy
andrew andy drew
anthony tony ant
antonia toni
barbara barb babs
benjamin ben benny benji
catherine cathy kate katie kitty cat
charles charlie chuck chas
charlotte charlie lottie
christina chris tina chrissie
christopher chris kit topher
daniel dan danny
david dave davey
deborah deb debbie
donald don donnie
dorothy dot dottie
edward ed eddie ned ted teddy
eleanor ellie nell nora
elizabeth liz lizzie beth betty eliza libby bess
emily em emmie
frances fran frankie
francis frank frankie
frederick fred freddie
gabriel gabe
george georgie
gerald gerry jerry
gregory greg
harold harry hal
harriet hattie
henry harry hank
isabella izzy bella isabel
jacob jake
james jim jimmy jamie
jennifer jen jenny
jessica jess jessie
john jack johnny jon
jonathan jon jonny
joseph joe joey
josephine jo josie
joshua josh
katherine kate kathy katie kit kay
kenneth ken kenny
lawrence larry laurie
leonard leo len lenny
leonardo leo
louis lou louie
louise lou
margaret maggie meg peggy marge
martin marty
mary molly polly
matthew matt matty
maximilian max
maxwell max
michael mike mick mickey micky
mohammed mohamed muhammad mohammad
natalie nat
natasha tasha
nathan nat nate
nathaniel nat nate nathan
nicholas nick nicky
nicola nicky
olivia liv livvy
oliver ollie
pamela pam
patricia pat patty tricia trish
patrick pat paddy
peter pete
philip phil pip phillip
rebecca becky becca
richard rick ricky dick rich richie
robert bob bobby rob robbie bert
ronald ron ronnie
rosemary rose rosie
samantha sam sammy
samuel sam sammy
sebastian seb
sophia sophie
stephanie steph
stephen steve stevie steven
susan sue susie suzy
terence terry
theodore theo ted teddy
theresa terry tess
thomas tom tommy
timothy tim timmy
victoria vicky tori
vincent vince vinny
walter walt wally
william will bill billy willy liam
zachary zach zack
"""


def canonical_names() -> dict[str, str]:
    """Short form to full name (lower case), where the short form stands for exactly one; full names stand for themselves."""
    found: dict[str, set[str]] = {}
    for line in _TABLE.split("\n"):
        full, *short = line.split() or [""]
        for name in short:
            found.setdefault(name, set()).add(full)
    return {name: min(full) for name, full in sorted(found.items()) if len(full) == 1}
