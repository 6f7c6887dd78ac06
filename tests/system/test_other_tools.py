"""Files of other newsletter tools, address books and spreadsheets: nobody who left there is active here."""
import csv
import json
import os

import pytest

CONSENT = ("--consent", "visitors book, 2026")


def empty(site):
    site.sql_script(";".join(f"DELETE FROM {table}" for table in (
        "delivery", "confirmation", "event", "subscription", "subscriber", "suppression")))


def outcome(site, text, *args, expect=0):
    """Imports, and returns the state of each address by the part before its @; blocked ones as such."""
    empty(site)
    data = text if isinstance(text, bytes) else text.encode()
    result = site.run("import", "-", *CONSENT, *args, stdin=data, expect=expect)
    states = dict(site.sql("SELECT r.address_key, s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber "
                           "UNION ALL SELECT address_key, 'blocked' FROM suppression"))
    return {address.split("@")[0]: state for address, state in states.items()}, result


A, U, B, C, P, X = "active", "unsubscribed", "bounced", "complained", "pending", "blocked"

# Each file, and what becomes of the people in it, in their order.
FILES = {
    "mailchimp-subscribed": ('"Email Address","First Name","Last Name",Address,"Phone Number",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,'
                             "CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,"
                             "EUID,NOTES,TAGS\n"
                             '<>,Ann,Lee,"12 Road  Town",,2,,,"2022-01-01 00:05:00",192.0.2.1,,,,,Asia/Almaty,,,'
                             '"2022-01-01 00:05:00",1,x,,\n', [A]),
    "mailchimp-unsubscribed": ("Email Address,OPTIN_TIME,UNSUB_TIME\n"
                               '<>,"2020-01-01 10:00:00","2021-01-01 10:00:00"\n', [U]),
    "mailchimp-unsubscribed-by-reason": ("Email Address,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON\n"
                                         "<>,,No 7,NORMAL\n<>,,,\n", [U, A]),
    "mailchimp-cleaned": ("Email Address,First Name,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID\n"
                          '<>,Ann,"2021-01-01 10:00:00",No 7,abc\n', [B]),
    "mailchimp-status": ("Email Address,Status\n<>,subscribed\n<>,unsubscribed\n<>,cleaned\n<>,pending\n<>,nonsubscribed\n"
                         "<>,transactional\n<>,archived\n", [A, U, B, P, P, P, U]),
    "mailchimp-german": ("E-Mail-Adresse,Vorname,Nachname,Adresse,UNSUB_TIME\n<>,Ann,Lee,Weg 1,2021-01-01 10:00:00\n"
                         "<>,Bob,Lee,Weg 2,\n", [U, A]),
    "phplist": ("Email\tIs this subscriber confirmed\tIs this subscriber blacklisted\tNumber of bounces\tUnique ID\t"
                "Send this subscriber HTML emails\tIs this account disabled?\tentered\n"
                "<>\t1\t0\t0\tx\t1\t0\t2020-01-02 03:04:05\n<>\t0\t0\t0\tx\t1\t0\t2020-01-02 03:04:05\n"
                "<>\t1\t1\t0\tx\t1\t0\t2020-01-02 03:04:05\n<>\t1\t0\t0\tx\t1\t1\t2020-01-02 03:04:05\n"
                "<>\t1\t0\t3\tx\t1\t0\t2020-01-02 03:04:05\n", [A, P, X, U, A]),
    "listmonk": ("uuid,email,name,attributes,status,created_at,updated_at\n"
                 '1,<>,Ann,"{""stack"": {""languages"": [""go""]}}",enabled,2023-05-01T10:00:00.1Z,2023-05-02T10:00:00Z\n'
                 "2,<>,Bob,{},disabled,2023-05-01T10:00:00Z,\n3,<>,Eve,{},blocklisted,2023-05-01T10:00:00Z,\n", [A, U, X]),
    "listmonk-subscriptions": ("email,status,subscription_status\n<>,enabled,confirmed\n<>,enabled,unsubscribed\n"
                               "<>,enabled,unconfirmed\n<>,blocklisted,confirmed\n", [A, U, P, X]),
    "ghost": ("id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers\n"
              "1,<>,Ann,,true,false,,2021-01-01T00:00:00.000Z,,vip,\n2,<>,Bob,,false,false,,2021-01-01T00:00:00.000Z,,,\n"
              "3,<>,Eve,,true,false,,2021-01-01T00:00:00.000Z,2022-01-01T00:00:00.000Z,,\n", [A, U, U]),
    "mautic": ("id,firstname,lastname,email,dnc,points\n1,Ann,Lee,<>,0,3\n2,Bob,Lee,<>,1,3\n3,Eve,Lee,<>,2,3\n4,Cyd,Lee,<>,3,0\n"
               "5,Dan,Lee,<>,,0\n", [A, U, B, U, A]),
    "mautic-do-not-email": ("email,doNotEmail\n<>,0\n<>,1\n", [A, U]),
    "mailpoet": ('Email,"First Name","Last Name","Global Status","List Status"\n<>,Ann,Lee,Subscribed,Subscribed\n'
                 "<>,Bob,Lee,Unsubscribed,Subscribed\n<>,Eve,Lee,Subscribed,Unsubscribed\n<>,Cyd,Lee,Unconfirmed,Unconfirmed\n"
                 "<>,Dan,Lee,Bounced,Subscribed\n<>,Fay,Lee,Inactive,Subscribed\n", [A, U, U, P, B, U]),
    "buttondown": ("email,notes,metadata,tags,type,creation_date\n<>,,{},,regular,2021-01-01\n<>,,{},,unsubscribed,2021-01-01\n"
                   "<>,,{},,complained,2021-01-01\n<>,,{},,unactivated,2021-01-01\n<>,,{},,premium,2021-01-01\n"
                   "<>,,{},,undeliverable,2021-01-01\n<>,,{},,removed,2021-01-01\n<>,,{},,spammy,2021-01-01\n",
                   [A, U, C, P, A, B, U, C]),
    "keila": ("Email,First name,Last name,Data,Status,External ID\n<>,Ann,Lee,,active,\n<>,Bob,Lee,,unsubscribed,\n"
              "<>,Eve,Lee,,unreachable,\n", [A, U, B]),
    "sendy": ("Name,Email,Joined,Status\nAnn,<>,2021-01-01,Subscribed\nBob,<>,2021-01-01,Unsubscribed\nEve,<>,2021-01-01,Bounced\n"
              "Cyd,<>,2021-01-01,Marked as spam\nDan,<>,2021-01-01,Unconfirmed\nFay,<>,2021-01-01,Soft bounced\n",
              [A, U, B, C, P, A]),
    "substack": ("email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n"
                 "<>,false,,other,false,2021-01-01T00:00:00.000Z,\n<>,false,,other,true,2021-01-01T00:00:00.000Z,\n"
                 "<>,true,2030-01-01,yearly_subscription,false,2021-01-01T00:00:00.000Z,\n", [A, U, A]),
    "brevo": ("CONTACT ID,EMAIL,FIRSTNAME,LASTNAME,DOUBLE_OPT-IN,OPT_IN,ADDED_TIME,MODIFIED_TIME\n"
              "1,<>,Ann,Lee,1,true,01-02-2021 10:00:00,\n2,<>,Bob,Lee,2,true,01-02-2021 10:00:00,\n"
              "3,<>,Eve,Lee,,false,01-02-2021 10:00:00,\n", [A, P, U], "--dates", "day-first"),
    "brevo-french": ("EMAIL;PRENOM;NOM;EMAIL_BLACKLISTED\n<>;Ann;Lee;0\n<>;Bob;Lee;1\n", [A, X]),
    "mailman3": ("email,display_name,delivery_mode,delivery_status\n<>,Ann,regular,enabled\n<>,Bob,regular,by_user\n"
                 "<>,Eve,regular,by_bounces\n<>,Cyd,mime_digests,by_moderator\n", [A, U, B, U]),
    "mailman2": ("address,nomail\n<>,0\n<>,1\n", [A, U]),
    "google": ("Name,Given Name,Additional Name,Family Name,Notes,Group Membership,E-mail 1 - Type,E-mail 1 - Value,"
               "E-mail 2 - Value,Address 1 - Street,Address 1 - Region\n"
               "Ann Lee,Ann,,Lee,,* myContacts ::: press,* Home,<>,other@example.org,Road 1,CA\n", [A]),
    "google-new": ("First Name,Middle Name,Last Name,Nickname,File As,Labels,E-mail 1 - Label,E-mail 1 - Value\n"
                   "Ann,M,Lee,,,* myContacts,*,<>\n", [A]),
    "outlook": ('"First Name","Last Name","Company","Business Street","Business State","Home State","E-mail Address","E-mail Type",'
                '"E-mail Display Name","E-mail 2 Address","Language","Private","Sensitivity"\n'
                '"Ann","Lee","","","CA","CA","<>","SMTP","Ann Lee (<>)","","English","False","Normal"\n', [A]),
    "outlook-german": ("Vorname;Nachname;Firma;E-Mail-Adresse;E-Mail-Typ;E-Mail: Angezeigter Name;Sprache\n"
                       "Ann;Lee;;<>;SMTP;Ann Lee;Deutsch\n", [A]),
    "thunderbird": ("First Name,Last Name,Display Name,Nickname,Primary Email,Secondary Email,Screen Name,Home State,Work State\n"
                    "Ann,Lee,Ann Lee,,<>,,,CA,\n", [A]),
    "thunderbird-russian": ("Имя,Фамилия,Отображаемое имя,Псевдоним,Основной адрес эл. почты,Дополнительный адрес эл. почты\n"
                            "Анна,Ли,Анна Ли,,<>,\n", [A]),
    "mailerlite": ("Subscriber,Status,Subscribed,Unsubscribed,Location\n<>,Active,2021-01-01 10:00:00,,\n"
                   "<>,Active,2021-01-01 10:00:00,2022-01-01 10:00:00,\n<>,Junk,2021-01-01,,\n", [A, U, C]),
    "constant-contact": ("Email address,First name,Email status,Email permission status,Opt-out Date\n<>,Ann,Active,Express,\n"
                         "<>,Bob,Unsubscribed,Express,2021-01-01\n<>,Eve,Active,Implied,2021-01-01\n", [A, U, U]),
    "hubspot": ("Email,First Name,Unsubscribed from all email,Email hard bounce reason\n<>,Ann,false,\n<>,Bob,true,\n"
                "<>,Eve,,User unknown\n", [A, U, B]),
    "salesforce": ("Email,First Name,HasOptedOutOfEmail,Email Bounced Date\n<>,Ann,FALSE,\n<>,Bob,TRUE,\n<>,Eve,FALSE,2021-01-01\n",
                   [A, U, B]),
    "klaviyo": ("Email,Email Marketing Consent\n<>,SUBSCRIBED\n<>,UNSUBSCRIBED\n<>,NEVER_SUBSCRIBED\n", [A, U, P]),
    "shopify": ("First Name,Last Name,Email,Accepts Email Marketing,Accepts SMS Marketing\nAnn,Lee,<>,yes,no\nBob,Lee,<>,no,no\n",
                [A, U]),
    "german": ("E-Mail-Adresse;Vorname;Name;Status;Abgemeldet am\n<>;Ann;Lee;Aktiv;\n<>;Bob;Lee;Abgemeldet;\n"
               "<>;Eve;Lee;Aktiv;31.12.2021\n<>;Cyd;Lee;unbestätigt;\n<>;Dan;Lee;unzustellbar;\n<>;Fay;Lee;Beschwerde;\n"
               "<>;Gus;Lee;gesperrt;\n", [A, U, U, P, B, C, X]),
    "german-flags": ("Mailadresse;Einwilligung;Abgemeldet\n<>;ja;nein\n<>;nein;nein\n<>;ja;ja\n<>;;\n", [A, U, U, P]),
    "french": ("Adresse e-mail;Prénom;Nom;Statut\n<>;Ann;Lee;abonné\n<>;Bob;Lee;désabonné\n<>;Eve;Lee;en attente\n"
               "<>;Cyd;Lee;rejeté\n<>;Dan;Lee;DÉSINSCRITE\n", [A, U, P, B, U]),
    "spanish": ("Correo electrónico;Nombre;Apellidos;Estado;Fecha de baja\n<>;Ann;Lee;suscrito;\n<>;Bob;Lee;baja;\n"
                "<>;Eve;Lee;activo;31/12/2021\n<>;Cyd;Lee;pendiente;\n<>;Dan;Lee;rebotado;\n", [A, U, U, P, B]),
    "russian": ("Электронная почта;ФИО;Статус;Дата отписки\n<>;Анна;Подписан;\n<>;Боб;Отписался;\n<>;Ева;активен;1 января 2021 г.\n"
                "<>;Сид;не подтверждён;\n<>;Дан;Недоставлен;\n<>;Фай;жалоба;\n<>;Гас;заблокирован;\n", [A, U, U, P, B, C, X]),
    "russian-flags": ("Адрес электронной почты;Согласие на рассылку;Отписан\n<>;да;нет\n<>;нет;нет\n<>;да;да\n", [A, U, U]),
    "kazakh": ("Электрондық пошта;Аты-жөні;Күйі\n<>;Әсел;белсенді\n<>;Боб;бас тартты\n<>;Ева;күтілуде\n<>;Дан;жеткізілмеді\n",
               [A, U, P, B]),
    "kazakh-flags": ("Эл. пошта;Жазылымнан шыққан\n<>;жоқ\n<>;иә\n", [A, U]),
    "own-columns": ("email,state,ended_at\n<>,active,2020-02-01T00:00:00Z\n<>,,2020-02-01T00:00:00Z\n<>,bounced,2020-02-01T00:00:00Z\n"
                    "<>,,\n", [U, U, B, A]),
    "flags": ("email,subscribed,unsubscribed,opt_out\n<>,yes,no,0\n<>,false,,\n<>,1,yes,\n<>,1,,1\n<>,TRUE,,0\n",
              [A, U, U, U, A]),
    "dates-that-are-none": ("email,unsubscribed_at\n<>,0000-00-00 00:00:00\n<>,NULL\n<>,\\N\n<>,never\n<>,0001-01-01T00:00:00Z\n"
                            "<>,1609459200\n<>,2021-01-01\n<>,-\n<>,1/31/2021 10:00 AM\n<>,1609459200000\n",
                            [A, A, A, A, A, U, U, A, U, U]),
    "a-state-under-any-name": ("email,Kategorie,note\n<>,Abonnent,\n<>,Abgemeldet,\n<>,Presse,unsubscribed\n<>,bounced,\n",
                               [A, U, U, B]),
    "signs-that-conflict": ("email,status,unsubscribed,bounced,complained\n<>,active,yes,no,no\n<>,pending,no,yes,no\n"
                            "<>,unsubscribed,no,no,yes\n<>,active,no,no,no\n", [U, B, C, A]),
    "suspended": ("email,suspended,archived,deleted\n<>,0,0,0\n<>,1,0,0\n<>,0,1,0\n<>,0,0,2021-01-01\n", [A, U, U, U]),
    "more-words-than-known": ("email,status\n<>,Kunde\n<>,Ex\n", [A, U], "--state", "kunde=active", "--state", "Ex=unsubscribed"),
}


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("name", FILES)
def test_files(site, name):
    text, expected, *args = FILES[name]
    for number in range(text.count("<>")):
        text = text.replace("<>", f"r{min(number, len(expected) - 1)}@example.org", 1)
    states, result = outcome(site, text, *args)
    assert states == {f"r{number}": state for number, state in enumerate(expected)}, result.out


OBJECTS = {
    "listmonk": [({"email": 0, "status": "enabled", "lists": [{"id": 1, "name": "x", "subscription_status": "confirmed"}]}, A),
                 ({"email": 0, "status": "enabled", "lists": [{"id": 1, "name": "x", "subscription_status": "unsubscribed"}]}, U),
                 ({"email": 0, "status": "blocklisted", "attribs": {"a": {"b": [1, "x"]}}}, X)],
    "mailchimp": [({"email_address": 0, "status": "subscribed", "merge_fields": {"FNAME": "Ann", "LNAME": "Lee"}}, A),
                  ({"email_address": 0, "status": "cleaned"}, B)],
    "mautic": [({"email": 0, "doNotContact": []}, A), ({"email": 0, "doNotContact": [{"channel": "email", "dnc": 1}]}, U)],
    "ghost": [({"email": 0, "subscribed": True, "email_suppression": {"suppressed": False, "info": None}}, A),
              ({"email": 0, "subscribed": False}, U),
              ({"email": 0, "subscribed": True, "email_suppression": {"suppressed": True}}, X)],
    "brevo": [({"email": 0, "emailBlacklisted": False, "attributes": {"FIRSTNAME": "Ann"}}, A),
              ({"email": 0, "emailBlacklisted": True}, X)],
    "flags": [({"email": 0, "unsubscribed": False}, A), ({"email": 0, "unsubscribed": True}, U), ({"email": 0, "active": False}, U),
              ({"email": 0, "active": True}, A)],
    "dates": [({"email": 0, "ended_at": None}, A), ({"email": 0, "ended_at": "2021-01-01T00:00:00Z"}, U),
              ({"email": 0, "unsubscribed_at": 1609459200}, U), ({"email": 0, "cleaned_at": 1609459200000}, B)],
    "buttondown": [({"email_address": 0, "type": "regular"}, A), ({"email_address": 0, "type": "unsubscribed"}, U)],
    "russian": [({"Электронная почта": 0, "Статус": "активен"}, A), ({"Электронная почта": 0, "Статус": "отписан"}, U)],
}


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("name", OBJECTS)
def test_json_lines(site, name):
    rows = []
    for number, (row, _) in enumerate(OBJECTS[name]):
        key = next(iter(row))
        rows.append(json.dumps({**row, key: f"r{number}@example.org"}, ensure_ascii=False) + "\n")
    states, result = outcome(site, "".join(rows))
    assert states == {f"r{number}": state for number, (_, state) in enumerate(OBJECTS[name])}, result.out


@pytest.mark.slow(1)
@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("header", ["GDPR status (EU)", "Marketing-Genehmigung", "consent_flag", "Opt-in source flag", "Werbung?",
                                    "Consentement RGPD n°2", "Permiso de contacto", "Разрешение на рассылки", "Келісім түрі",
                                    "newsletterX", "subscr_level", "is_active_2", "Kündigungsgrund 2", "x_unsubscribe_x"])
def test_what_is_not_understood_stops_the_import(site, header):
    text = f"email,{header}\nann@example.org,\nbob@example.org,perhaps\n"
    for more in ((), ("--partial",), ("--keep-columns",)):
        states, result = outcome(site, text, *more, expect=65)
        assert states == {} and f"'{header}'" in result.err and "--ignore" in result.err and "-:3:" in result.err
    assert outcome(site, text, "--ignore", header)[0] == {"ann": A, "bob": A}
    assert outcome(site, text, "--ignore", header.upper())[0] == {"ann": A, "bob": A}
    assert outcome(site, text, "--map", f"attribute.x={header}")[0] == {"ann": A, "bob": A}
    assert outcome(site, text.replace("perhaps", "no"), "--map", f"subscribed={header}")[0] == {"ann": P, "bob": U}
    assert outcome(site, text.replace("perhaps", ""))[0] == {"ann": A, "bob": A}  # an empty column says nothing
    row = json.dumps({"email": "ann@example.org", header: "perhaps"}, ensure_ascii=False)
    assert outcome(site, row, expect=65)[0] == {}
    assert outcome(site, row, "--ignore", header)[0] == {"ann": A}


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("header, value", [("status", "asleep"), ("state", "CA"), ("subscribed", "perhaps"), ("unsubscribed", "x y"),
                                           ("confirmed", "maybe"), ("Статус", "спит"), ("Statut", "endormi"), ("status", "1")])
def test_values_that_are_not_understood(site, header, value):
    text = f"email,{header}\nann@example.org,{value}\n"
    states, result = outcome(site, text, expect=65)
    assert states == {} and f"'{value}'" in result.err and "--state" in result.err
    assert outcome(site, text, "--partial", expect=65)[0] == {}
    assert outcome(site, text, "--state", f"{value}=unsubscribed")[0] == {"ann": U}
    assert outcome(site, text, "--ignore", header)[0] == {"ann": A}


def test_words_for_states_are_checked(site):
    text = "email,status\nann@example.org,asleep\n"
    for word in ("asleep", "asleep=away", "=active"):
        assert "WORD=STATE" in outcome(site, text, "--state", word, expect=64)[1].err
    assert "day-first" in outcome(site, text, "--dates", "sideways", expect=64)[1].err


# ---- which column ----

def test_the_better_name_wins(site):
    states, result = outcome(site, "Address,E-Mail\nRoad 1,ann@example.org\n")
    assert states == {"ann": A} and "columns not used: Address" in result.out
    assert outcome(site, "Address\nann@example.org\n")[0] == {"ann": A}
    assert outcome(site, "Email,Address,Kontakt\nann@example.org,bob@example.org,eve@example.org\n")[0] == {"ann": A}
    row = '{"address": "Road 1", "email": "ann@example.org"}\n{"email": "bob@example.org", "address": "Road 2"}\n'
    assert outcome(site, row)[0] == {"ann": A, "bob": A}


@pytest.mark.slow(1)
def test_map_wins_over_guesses(site):
    text = "Email,Private\nann@example.org,ann@home.example\n"
    states, result = outcome(site, text, "--map", "email=Private")
    assert site.sql("SELECT address FROM subscriber") == [("ann@home.example",)] and "columns not used: Email" in result.out
    outcome(site, "Email Address,Address\nann@example.org,Road 1\n", "--map", "email=Email Address")
    assert site.sql("SELECT address FROM subscriber") == [("ann@example.org",)]
    outcome(site, '{"email": "a@example.org", "other": "b@example.org"}', "--map", "email=other")
    assert site.sql("SELECT address FROM subscriber") == [("b@example.org",)]
    outcome(site, "email,name,Rufname\nann@example.org,Ann Lee,Annie\n", "--map", "name=Rufname")
    assert site.sql("SELECT name FROM subscriber") == [("Annie",)]
    # but who has left there has left, whatever else is mapped
    assert outcome(site, "email,status,level\nann@example.org,unsubscribed,active\n", "--map", "state=level")[0] == {"ann": U}
    for name in ("nichts", "Email Adress"):
        assert f"no column '{name}'" in outcome(site, text, "--ignore", name, expect=65)[1].err
    assert "no column 'nichts'" in outcome(site, '{"email": "a@example.org"}', "--map", "name=nichts", expect=65)[1].err


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("one, other, field", [("email", "E-Mail", "email"), ("Email Address", "Mail", "email"), ("email", "email", "email"),
                                               ("name", "Full Name", "name"), ("language", "Sprache", "language"),
                                               ("Vorname", "First Name", "first_name"), ("created_at", "entered", "created_at")])
def test_two_columns_for_one_thing(site, one, other, field):
    value = {"email": "{}@example.org", "language": "en", "created_at": "2020-01-01"}.get(field, "{}")
    first = "" if field == "email" else "email,"
    lead = "" if field == "email" else "ann@example.org,"

    def text(a, b, c="", d=""):
        rows = [(a, b), (c, d)] if c or d else [(a, b)]
        return f"{first}{one},{other}\n" + "".join(f"{lead}{x},{y}\n" for x, y in rows)
    states, result = outcome(site, text(value.format("ann"), value.format("bob")), "--partial", expect=65)
    assert states == {} and f"'{one}' and '{other}'" in result.err and "--ignore" in result.err
    assert len(outcome(site, text(value.format("ann"), ""))[0]) == 1
    assert len(outcome(site, text("", value.format("ann")))[0]) == 1
    # each of them has values, if not in the same row
    assert outcome(site, text(value.format("ann"), "", "", value.format("bob")), expect=65)[0] == {}


@pytest.mark.slow(1)
def test_names(site):
    for text, name in [("email,Vorname,Name\nann@example.org,Ann,Lee\n", "Ann Lee"), ("email,имя\nann@example.org,Анна\n", "Анна"),
                       ("email,nombre,apellidos\nann@example.org,Ana,Ruiz Gil\n", "Ana Ruiz Gil"),
                       ("email,Имя,Отчество,Фамилия\nann@example.org,Анна,Ивановна,Ли\n", "Анна Ивановна Ли"),
                       ("email,name,first name,last name\nann@example.org,Dr Ann Lee,Ann,Lee\n", "Dr Ann Lee"),
                       ("email,nom\nann@example.org,Lee\n", "Lee"), ("email,first name,last name\nann@example.org, ,Lee\n", "Lee"),
                       ("email\nAnn Lee <ann@example.org>\n", "Ann Lee"), ('email,x\n"Lee, Ann" <ann@example.org>,1\n', None),
                       ("email\nmailto:ann@example.org\n", None)]:
        outcome(site, text, expect=None)
        rows = site.sql("SELECT address, name FROM subscriber")
        assert rows == [("ann@example.org", name)] or name is None and rows in ([], [("ann@example.org", None)]), text


@pytest.mark.slow(1)
def test_languages(site):
    for word, tag in [("English", "en"), ("Deutsch", "de"), ("русский", "ru"), ("Қазақша", "kk"), ("kk_KZ.UTF-8", "kk-KZ"),
                      ("français", "fr"), ("pt_BR@euro", "pt-BR"), ("", None), ("-", None), ("es", "es")]:
        outcome(site, f"email,language\nann@example.org,{word}\n")
        assert site.sql("SELECT language FROM subscriber") == [(tag,)], word


@pytest.mark.slow(1)
def test_time_zones(site):
    for header in ("TIMEZONE", "timezone", "Zeitzone", "CONTACT_TIMEZONE", "часовой пояс"):
        outcome(site, f"email,{header}\nann@example.org,Asia/Almaty\n")
        assert site.sql("SELECT attributes FROM subscriber") == [('{"timezone":"Asia/Almaty"}',)]
    result = outcome(site, "email,timezone\nann@example.org,GMT+3\nbob@example.org,PST\n")[1]
    assert "'GMT+3'" in result.out and "UTC" in result.out


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("text, at", [
    ("2021-03-04", 1614816000), ("2021-03-04 05:06", 1614834360), ("2021-03-04T05:06:07Z", 1614834367),
    ("2021-03-04 05:06:07.123456+00", 1614834367), ("2021-03-04T05:06:07+05:00", 1614816367), ("2021/03/04 05:06:07", 1614834367),
    ("04.03.2021", 1614816000), ("04.03.2021 05:06", 1614834360), ("4.3.21", 1614816000), ("31/03/2021", 1617148800),
    ("3/31/2021", 1617148800), ("3/4/2021 5:06:07 PM", 1614877567), ("Mar 4, 2021", 1614816000), ("4 March 2021 05:06", 1614834360),
    ("Thu, 04 Mar 2021 05:06:07 +0000", 1614834367), ("Thu Mar 04 2021 05:06:07 GMT+0100 (CET)", 1614830767),
    ("2021-03-04 05:06:07 +0000 UTC", 1614834367), ("4. März 2021", 1614816000), ("4 mars 2021", 1614816000),
    ("4 de marzo de 2021", 1614816000), ("4 марта 2021 г. 05:06", 1614834360), ("4 наурыз 2021", 1614816000), ("20210304", 1614816000),
    ("1614834367", 1614834367), ("1614834367000", 1614834367), ("1614834367.5", 1614834367), ("4 févr. 2021", 1612396800)])
def test_dates(site, text, at):
    outcome(site, f'email,created_at\nann@example.org,"{text}"\n')
    assert site.sql("SELECT created_at FROM subscriber") == [(at,)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("text", ["tomorrow", "2021-02-30", "2021-13-01", "2021-03-04 25:00", "31.04.2021", "12", "2021", "44197",
                                  "4 Foo 2021", "2021-03-04 05:06:07 +99:00", "1 2 3 4", "03/04/2021", "x" * 200, "13:00 PM 1/13/2021"])
def test_dates_that_are_none(site, text):
    assert outcome(site, f"email,created_at\nann@example.org,{text}\n", expect=65)[0] == {}
    assert outcome(site, f"email,ended_at\nann@example.org,{text}\n", expect=None)[0] in ({}, {"ann": U})


def test_the_order_of_dates(site):
    text = "email,created_at\nann@example.org,03/04/2021\n"
    assert "--dates" in outcome(site, text, expect=65)[1].err
    for order, at in [("day-first", 1617408000), ("month-first", 1614816000)]:
        outcome(site, text, "--dates", order)
        assert site.sql("SELECT created_at FROM subscriber") == [(at,)]


# ---- what is told ----

def test_figures_by_state(site):
    states, result = outcome(site, "email,status\na@example.org,active\nb@example.org,unsubscribed\nc@example.org,pending\n"
                                   "d@example.org,bounced\ne@example.org,blocked\na@example.org,active\n")
    assert "6 rows\n" in result.out
    assert "added 5: 1 active, 1 pending, 1 unsubscribed, 1 bounced, 1 suppressed" in result.out
    assert "unchanged 1: 1 on the list already" in result.out


def test_rows_are_the_sum(site):
    site.add_active(["there@example.org", "renamed@example.org", "left@example.org"], name="X")
    site.sql("UPDATE subscription SET state = 'unsubscribed' WHERE id = 3")
    site.run("suppress", "add", "suppressed@example.org")
    site.run("subscribe", "--no-wait", "gone@example.org")
    site.run("erase", "gone@example.org", "--yes")
    text = ("email,name,status\nnew@example.org,N,active\nthere@example.org,X,active\nrenamed@example.org,Y,active\n"
            "left@example.org,X,active\nsuppressed@example.org,,\ngone@example.org,,\nbad,,\nb@example.org,,blocked\n\n,,\n"
            "there@example.org,X,unsubscribed\n")
    figures = json.loads(site.run("import", "-", *CONSENT, "--partial", "--update", "--json", stdin=text.encode(), expect=65).out)
    parts = ("added", "updated", "unchanged", "ended_before", "suppressed", "erased_before", "blocked", "rejected")
    assert {part: figures[part] for part in parts} == {
        "added": 1, "updated": 2, "unchanged": 1, "ended_before": 1, "suppressed": 1, "erased_before": 1, "blocked": 1, "rejected": 1}
    assert figures["rows"] == sum(figures[part] for part in parts) == 9
    assert figures["ended_now"] == 1 and figures["added_states"]["active"] == 1
    assert "updated 1" in site.run("import", "-", *CONSENT, "--update", stdin=b"email,name\nrenamed@example.org,Z\n").out
    assert "unchanged 1" in site.run("import", "-", *CONSENT, "--update", stdin=b"email,name\nrenamed@example.org,Z\n").out


def test_one_reason_is_told_once(site):
    empty(site)
    text = "email\n" + "".join(f"r{number}@example.org\n" for number in range(200))
    result = site.run("import", "-", stdin=text.encode(), expect=65)
    assert result.err.count("where did they agree?") == 1 and "all 200 rows: where did they agree?" in result.err
    text = "email,language\na@example.org,<x>\nb@example.org,en\nc@example.org,<x>\nd@example.org,<x>\nnonsense,en\n"
    states, result = outcome(site, text, expect=65)
    assert "lines 2, 4-5: '<x>' is not a language tag" in result.err and "line 6: 'nonsense' is not an address" in result.err
    assert "refused 4\n" in result.out and "added 1: 1 active" in result.out and "nothing is kept" in result.out


def test_many_reasons(site):
    text = "email\n" + "".join(f"bad{number}\n" for number in range(50))
    states, result = outcome(site, text, "--rejects", "bad.csv", expect=65)
    assert "and 30 rows for further reasons" in result.err
    with open(site.folder + "/bad.csv", encoding="utf-8") as rejects:
        lines = list(csv.reader(rejects))
    assert len(lines) == 51 and lines[0] == ["import_reason", "email"]
    assert lines[8][0].startswith("line 9: 'bad7' is not an address") and lines[8][1] == "bad7"


# Each file has good rows and bad ones, which a correction makes good. The suffix is that of the file of rejects.
REJECTS = {
    "commas": "email,name,tags\ngood@example.org,Good,a\nbad(at)example.org,\"Lee, \"\"Bad\"\"\",b\n",
    "semicolons": "sep=;\nName;E-Mail-Adresse;Ort\nGood;good@example.org;X\nBad;bad(at)example.org;\"Y\nZ\"\n",
    "tabs": "email\tname\ngood@example.org\tGood\nbad(at)example.org\tBad\n",
    "CR": "email,name\rgood@example.org,Good\rbad(at)example.org,Bad\r",
    "JSON lines": '{"email": "good@example.org"}\n{"email": "bad(at)example.org", "name": "Bad", "tags": ["b"]}\n',
    "JSON array": '[{"email": "good@example.org"},\n {"email": "bad(at)example.org", "name": "Bad"}]\n',
    "mailboxes": "Good <good@example.org>\n\"Lee, Bad\" <bad(at)example.org>\n",
    "dump": "email good@example.org\ngecos Good\n\nemail bad(at)example.org\ngecos Bad\n",
}


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("name", REJECTS)
def test_refused_rows_can_be_corrected_and_imported(site, name):
    states, result = outcome(site, REJECTS[name], "--rejects", "bad", "--partial", expect=65)
    assert states == {"good": A}
    path = site.folder + "/bad"
    with open(path, encoding="utf-8", newline="") as rejects:
        text = rejects.read()
    assert "is not an address" in text and "good@" not in text
    with open(path, "w", encoding="utf-8", newline="") as corrected:
        corrected.write(text.replace("bad(at)example.org", "bad@example.org"))
    more = () if name == "semicolons" else ("--keep-columns",)  # a line break is no attribute
    result = site.run("import", "bad", *CONSENT, *more)
    assert "added 1: 1 active" in result.out and "import_reason" not in result.out
    rows = site.sql("SELECT address, coalesce(name, ''), coalesce(attributes, '') FROM subscriber WHERE address <> 'good@example.org'")
    assert len(rows) == 1 and rows[0][0] == "bad@example.org" and "Bad" in rows[0][1]
    assert "reason" not in rows[0][2]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("name", REJECTS)
def test_who_has_left_by_an_option_stays_so_when_corrected(site, name):
    """Nobody gives --as again with the file of refused rows."""
    outcome(site, REJECTS[name], "--rejects", "bad", "--partial", "--as", "unsubscribed", expect=65)
    path = site.folder + "/bad"
    with open(path, encoding="utf-8", newline="") as rejects:
        text = rejects.read()
    with open(path, "w", encoding="utf-8", newline="") as corrected:
        corrected.write(text.replace("bad(at)example.org", "bad@example.org"))
    result = site.run("import", "bad", *CONSENT)
    assert "added 1: 1 unsubscribed" in result.out and "import_state" not in result.out
    assert site.sql("SELECT DISTINCT state FROM subscription") == [("unsubscribed",)]


def test_who_has_left_by_a_mapped_column_stays_so_when_corrected(site):
    text = "email,farbe\ngood@example.org,rot\nbad(at)example.org,rot\nworse(at)example.org,\n"
    outcome(site, text, "--rejects", "bad", "--partial", "--map", "state=farbe", "--state", "rot=unsubscribed", expect=65)
    path = site.folder + "/bad"
    with open(path, encoding="utf-8") as rejects:
        text = rejects.read()
    with open(path, "w", encoding="utf-8") as corrected:
        corrected.write(text.replace("(at)", "@"))
    site.run("import", "bad", *CONSENT)
    assert site.sql("SELECT r.address, s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber ORDER BY 1") == [
        ("bad@example.org", "unsubscribed"), ("good@example.org", "unsubscribed"), ("worse@example.org", "active")]


def test_refused_again(site):
    """A row that is not good yet is refused for the new reason; the column does not pile up."""
    outcome(site, "email,name\nbad,Bad\n", "--rejects", "bad", expect=65)
    site.run("import", "bad", *CONSENT, "--rejects", "worse", expect=65)
    site.run("import", "worse", *CONSENT, "--rejects", "worst", expect=65)
    with open(site.folder + "/worst", encoding="utf-8") as rejects:
        rows = list(csv.reader(rejects))
    assert rows[0][0] == "import_reason" and rows[0][-2:] == ["email", "name"] and rows[1][-2:] == ["bad", "Bad"]
    assert len({len(row) for row in rows}) == 1


# ---- files and tags that say that somebody has left ----

ENDED = {"unsubscribed_segment_export_1a2b3c.csv": U, "cleaned_members_export_9f.csv": B, "nonsubscribed_members_export.csv": P,
         "unsubscribed.csv": U, "Unsubscribed.CSV": U, "UnsubscribedContacts2021.csv": U, "my list (opted-out).csv": U,
         "opt_out.txt": U, "do-not-contact.csv": U, "Abgemeldete Empfänger.csv": U, "désabonnés-2021.csv": U, "bajas.csv": U,
         "отписавшиеся.csv": U, "Отписанные 2021.csv": U, "hard-bounces.csv": B, "unzustellbar.csv": B, "spam complaints.csv": C,
         "blocklist.csv": X, "suppression-list.csv": X, "чёрный список.csv": X, "unconfirmed.csv": P, "un-subscribed.csv": U, "left-2024.csv": U, "people who left.csv": U,
         "departed members.csv": U, "quit.csv": U, "не слать.csv": U, "стоп-лист.csv": U, "ushedshie.csv": U}


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("name", ENDED)
def test_a_file_of_people_who_left(site, name):
    empty(site)
    site.write(name, "email,name\nann@example.org,Ann\n")
    for consent in (CONSENT, ("--confirm",)):
        stopped = site.run("import", name, *consent, expect=65).err
        assert f"{name}:2: the name of the file suggests that these people are" in stopped and "--as active" in stopped
        assert site.sql("SELECT count(*) FROM subscriber") == [(0,)]
    state = "blocked" if ENDED[name] == X else ENDED[name]
    site.run("import", name, *CONSENT, "--as", state)
    if state == "blocked":
        assert site.sql("SELECT address_key FROM suppression") == [("ann@example.org",)]
    else:
        assert site.sql("SELECT state FROM subscription") == [(state,)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("name", ["subscribed_segment_export_1a2b.csv", "members.csv", "Abonnenten.csv", "подписчики.csv",
                                  "without-unsubscribed.csv", "not_bounced.csv", "ohne Abgemeldete.csv", "subscribers.csv",
                                  "unsubscribed/members.csv", "leftovers.csv", "deadline.csv"])
def test_a_file_of_people_who_stay(site, name):
    empty(site)
    os.makedirs(os.path.join(site.folder, os.path.dirname(name)), exist_ok=True)
    site.write(name, "email\nann@example.org\n")
    assert "added 1: 1 active" in site.run("import", name, *CONSENT).out


def test_the_name_and_the_rows(site):
    """Rows that say it themselves need no name; --as never makes a state weaker."""
    site.write("unsubscribed.csv", "email,UNSUB_TIME\nann@example.org,2021-01-01 10:00:00\n")
    assert "added 1: 1 unsubscribed" in site.run("import", "unsubscribed.csv", *CONSENT).out
    site.write("mixed-unsubscribed.csv", "email,state\nbob@example.org,bounced\neve@example.org,active\n")
    assert "mixed-unsubscribed.csv:3:" in site.run("import", "mixed-unsubscribed.csv", *CONSENT, expect=65).err
    shown = site.run("import", "mixed-unsubscribed.csv", *CONSENT, "--as", "active").out
    assert "added 2: 1 active, 1 bounced" in shown
    shown = site.run("import", "-", *CONSENT, "--as", "unsubscribed", stdin=b"email,state\nx@example.org,bounced\ny@example.org,\n").out
    assert "added 2: 1 unsubscribed, 1 bounced" in shown
    assert "give one of active" in site.run("import", "-", *CONSENT, "--as", "gone", expect=64).err


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("text, state", [
    ("email,tags\n<>,\"vip,unsubscribed\"\n", U), ("email;Tags\n<>;press; Unsubscribed\n".replace("press; ", "press, "), U),
    ("email,TAGS\n<>,\"\"\"press\"\",\"\"do not email\"\"\"\n", U), ("email,tags\n<>,status: bounced\n", B),
    ("email,tags\n<>,press\n", A), ("email,Labels\n<>,* myContacts ::: blacklisted\n", X),
    ('{"email": "<>", "tags": ["press", "abgemeldet"]}\n', U), ('{"email": "<>", "tags": [{"id": 1, "name": "Cleaned"}]}\n', B),
    ('{"email": "<>", "attributes": {"tags": ["отписан"]}}\n', U), ('{"email": "<>", "tags": ["press"]}\n', A)])
def test_tags_say_that_somebody_has_left(site, text, state):
    states, result = outcome(site, text.replace("<>", "ann@example.org"))
    assert states.get("ann") == state, result.out


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("tags, state", [("unsub", U), ("optout,x", U), ("hard bounce", B), ("suppressed", X), ("inactive", U),
                                         ("left wing", A), ("bounce house", A), ("unsubscribing guide", A), ("not unsubscribed", A)])
def test_words_in_tags(site, tags, state):
    assert outcome(site, f'email,tags\nann@example.org,"{tags}"\n')[0] == {"ann": state}


@pytest.mark.parametrize("text, said", [
    ('{"members": [{"email_address": "a@example.org", "status": "unsubscribed"}], "total": 1}\n', "the people are within 'members'"),
    ('{"meta": {}, "data": [{"id": 1, "email": "a@example.org"}]}\n', "the people are within 'data'"),
    ('{\n  "email": "a@example.org"\n}\n', "an object of several lines")])
def test_other_documents_of_json_are_named(site, text, said):
    states, result = outcome(site, text, "--partial", expect=65)
    assert states == {} and said in result.err and "jq -c" in result.err and "\\" not in result.err


# ---- JSON arrays ----

@pytest.mark.slow(1)
def test_a_json_array(site):
    people = [{"email": f"p{i}@example.org", "name": f"Name {i}", "status": "unsubscribed" if i % 3 == 0 else "active"}
              for i in range(30)]
    for text in (json.dumps(people), json.dumps(people, indent=2), "\ufeff" + json.dumps(people, indent=1, ensure_ascii=False),
                 "\n  " + json.dumps(people).replace("}, {", "}\n,\r\n{")):
        states, result = outcome(site, text)
        assert len(states) == 30 and list(states.values()).count(U) == 10 and "30 rows" in result.out
    states, result = outcome(site, "[]")
    assert "0 rows" in result.out
    text = json.dumps([{"email": "p@example.org", "attributes": {"x": "y" * 900}, "name": "x" * 90}] * 1500)
    assert len(text) > 1 << 20
    assert "1500 rows" in outcome(site, text)[1].out


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("text, line, said", [
    ('[{"email": "a@example.org"},\n{"email": "b@example.org"}', 3, "expected a comma or ]"),
    ('[{"email": "a@example.org"}\n{"email": "b@example.org"}]', 2, "expected a comma or ]"),
    ('[{"email": "a@example.org"},\n]', 2, "a comma before the ]"), ('[{"email": "a@example.org"}] x', 1, "something follows its ]"),
    ('[{"email": "a@example.org"}]\n[{"email": "b@example.org"}]', 2, "something follows its ]"),
    ('[{"email": "a@example.org"},\n{"email": ]', 2, "the array is broken"), ("[", 2, "the array is broken")])
def test_a_broken_array_loses_nobody_silently(site, text, line, said):
    states, result = outcome(site, text, "--partial", expect=65)
    assert states == {} and f"-:{line}: " in result.err and said in result.err


def test_rows_of_an_array_that_are_not_good(site):
    text = '[\n{"email": "a@example.org"},\n7,\n"b@example.org",\n{"name": "x"},\n{"email": "c@example.org"}\n]\n'
    states, result = outcome(site, text, "--partial", expect=65)
    assert states == {"a": A, "c": A} and "lines 3-4: not a JSON object" in result.err and "line 5: there is no address" in result.err


# ---- people who are here already ----

def test_a_row_ends_who_is_here(site):
    site.add_active(["ann@example.org", "bob@example.org", "eve@example.org"])
    site.sql("INSERT INTO event (at, kind, list, subscriber) VALUES (1700000000, 'confirmed', 1, 2)")
    text = ("email,unsubscribed_at\nann@example.org,2021-01-01\nbob@example.org,2021-01-01\neve@example.org,2021-01-01\n")
    result = site.run("import", "-", *CONSENT, stdin=text.encode())
    assert "updated 2: 2 ended, as the file says" in result.out and "unchanged 1" in result.out
    assert site.sql("SELECT state, ended_at FROM subscription ORDER BY id") == [(U, 1609459200), (A, None), (U, 1609459200)]
    assert site.sql("SELECT count(*) FROM event WHERE kind = 'unsubscribed'") == [(2,)]
    site.run("import", "-", *CONSENT, stdin=b"email,bounced\nbob@example.org,yes\n")
    assert site.sql("SELECT state FROM subscription WHERE id = 2") == [(B,)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("first, second", [("active", "unsubscribed"), ("unsubscribed", "active"), ("active", "bounced"),
                                           ("pending", "unsubscribed"), ("complained", "active")])
def test_twice_in_a_file(site, first, second):
    states, _ = outcome(site, f"email,status\nann@example.org,{first}\nANN@example.org,{second}\n")
    assert states == {"ann": second if first in ("active", "pending") else first}


def test_with_confirm_nobody_who_left_is_asked(site):
    empty(site)
    text = "email,UNSUB_TIME,CLEAN_TIME\nann@example.org,2021-01-01,\nbob@example.org,,2021-01-01\neve@example.org,,\n"
    site.run("import", "-", "--confirm", stdin=text.encode())
    assert dict(site.sql("SELECT r.address, s.state FROM subscription s JOIN subscriber r ON r.id = s.subscriber")) == {
        "ann@example.org": U, "bob@example.org": B, "eve@example.org": P}
    assert site.sql("SELECT count(*) FROM delivery") == [(1,)]

# ---- a yes or a no says nothing where nobody knows the question ----

@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("value", ["false", "true", "no", "yes", "нет", "1", "off", "enabled"])
@pytest.mark.parametrize("column", ["Blockage by courier", "newsletter wanted soon", "Отписка от звонков"])
def test_flag_of_an_unknown_question(site, column, value):
    """"Blocked: no" is somebody who stays, "newsletter wanted: no" is not: the import asks."""
    rows = f"email,{column}\nann@example.org,{value}\n"
    site.write("members.csv", rows)
    stopped = site.run("import", "members.csv", *CONSENT, expect=65).err
    assert column in stopped and "is not understood" in stopped
    assert site.sql("SELECT count(*) FROM subscriber") == [(0,)]
    assert "added 1: 1 active" in site.run("import", "members.csv", *CONSENT, "--ignore", column).out


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("column", ["SMS_BLOCKLISTED", "WhatsApp blocklisted", "SMS opt-out", "do not call", "push enabled"])
@pytest.mark.parametrize("value", ["false", "true", "unsubscribed", ""])
def test_what_holds_for_telephones(site, column, value):
    """Whether somebody gets text messages changes nothing of their mail."""
    site.write("members.csv", f"EMAIL;EMAIL_BLOCKLISTED;{column}\nann@example.org;false;{value}\nbob@example.org;true;{value}\n")
    assert "added 2: 1 active, 1 suppressed" in site.run("import", "members.csv", *CONSENT).out


def test_what_holds_for_telephones_is_told_once_and_can_be_kept(site):
    site.write("members.csv", "email,lists,city,sms status\nann@example.org,a,Aktau,unsubscribed\n")
    told = site.run("import", "members.csv", *CONSENT, "--dry-run").out
    assert "columns not used: lists, city, sms status (" in told
    site.run("import", "members.csv", *CONSENT, "--keep-columns")
    kept = json.loads(site.sql("SELECT attributes FROM subscriber")[0][0])
    assert "unsubscribed" in kept.values() and "Aktau" in kept.values()
    assert site.sql("SELECT state FROM subscription") == [("active",)]


def test_tag_that_is_a_word_of_files(site):
    """Someone of the left has not left."""
    site.write("members.csv", "email,tags\nann@example.org,left\nbob@example.org,unsubscribed\n")
    assert "added 2: 1 active, 1 unsubscribed" in site.run("import", "members.csv", *CONSENT).out


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("column, stays, left", [
    ("Subscription", "Yes", "No"), ("рассылка", "да", "нет"), ("mailing", "yes", "no"), ("send", "1", "0"),
    ("Согласен получать новости", "да", "нет"), ("no newsletter", "", "x"), ("deceased", "", "yes"), ("умер", "нет", "да"),
    ("gestorben", "", "x"), ("leave date", "", "2021-01-01"), ("resigned on", "", "2021-01-01"), ("Дата выбытия", "", "01.02.2021"),
    ("Comment", "likes ferries", "has unsubscribed"), ("Примечание", "", "просил не писать"), ("Notes", "", "deceased")])
def test_ways_to_say_that_somebody_left(site, column, stays, left):
    site.write("members.csv", f"email;{column}\nann@example.org;{stays}\nbob@example.org;{left}\n")
    told = site.run("import", "members.csv", *CONSENT, "--dates", "day-first").out
    assert "added 2: 1 active, 1 unsubscribed" in told
    assert site.sql("SELECT r.address_key FROM subscription s JOIN subscriber r ON r.id = s.subscriber WHERE s.state = 'active'") == [
        ("ann@example.org",)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("remark", [
    "asked by telephone, 3 May, to be taken off the list", "please do not e-mail her any more", "Unsubscribed (Hr. Weber, 2021)",
    "bitte keine Mails mehr", "möchte aus dem Verteiler", "ne souhaite plus recevoir nos nouvelles", "no enviar más noticias",
    "Больше не присылать, пожалуйста", "просил исключить из рассылки", "хат жібермеу керек", "rings twice. " * 60 + "Opted out."])
def test_a_remark_that_may_say_so_is_asked_about(site, remark):
    """Nobody is mailed, and nobody is dropped, by a guess."""
    site.write("members.csv", f'email;Notes\nann@example.org;Met at the reception\nbob@example.org;"{remark}"\n')
    told = site.run("import", "members.csv", *CONSENT, expect=65).err
    assert "line 3: Notes" in told and "may say that this person does not want mail" in told and "--ignore 'Notes'" in told
    assert site.sql("SELECT count(*) FROM subscriber") == [(0,)]
    if "--state" in told:
        site.run("import", "members.csv", *CONSENT, "--state", f"{remark}=unsubscribed")
    else:
        site.run("import", "members.csv", *CONSENT, "--partial", expect=65)
    assert ("ann@example.org", "active") in site.sql("SELECT r.address_key, s.state FROM subscription s JOIN subscriber r "
                                                     "ON r.id = s.subscriber")
    assert site.sql("SELECT count(*) FROM subscription WHERE state = 'active'") == [(1,)]


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("reason, state", [
    ("SPAM_COMPLAINT", "complained"), ("abuse", "complained"), ("hard bounce", "bounced"), ("UNSUBSCRIBED", "unsubscribed"),
    ("N/A - unsubscribed by an admin", "unsubscribed"), ("too many mails", "unsubscribed")])
def test_reasons_for_leaving_say_which_end_it_was(site, reason, state):
    site.write("members.csv", f"Email Address,UNSUB_TIME,UNSUB_REASON\nann@example.org,2021-01-01 10:00:00,{reason}\n")
    site.run("import", "members.csv", *CONSENT)
    assert site.sql("SELECT state FROM subscription") == [(state,)]
