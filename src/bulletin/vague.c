#include "bulletin/vague.h"

#include "newsletter/base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

/* In small letters, as nl_text_fold makes them. */
static const char *const link_words[] = {
    /* English */
    "here", "click here", "click", "click this link", "link", "this link", "this", "this page",
    "more", "read more", "read on", "learn more", "see more", "find out more", "more info",
    "more information", "details", "continue", "continue reading", "go", "download", "open",
    /* Russian */
    "здесь", "тут", "сюда", "нажмите здесь", "нажмите", "жмите сюда", "кликните здесь", "ссылка",
    "по ссылке", "по этой ссылке", "эта ссылка", "подробнее", "подробности", "далее", "дальше",
    "читать", "читать далее", "читать дальше", "узнать больше", "ещё", "еще", "перейти", "скачать",
    /* Kazakh */
    "осында", "мұнда", "осы жерде", "мына жерде", "осы жерді басыңыз", "басыңыз", "сілтеме",
    "осы сілтеме", "сілтеме бойынша", "толығырақ", "толық", "оқу", "әрі қарай", "жүктеу",
    /* Ukrainian */
    "сюди", "натисніть тут", "посилання", "за посиланням", "це посилання", "детальніше",
    "докладніше", "далі", "читати", "читати далі", "дізнатися більше", "завантажити",
    /* French */
    "ici", "cliquez ici", "cliquer ici", "lien", "ce lien", "en savoir plus", "lire la suite",
    "lire plus", "suite", "plus", "voir", "voir plus", "plus d'informations", "télécharger",
    /* German */
    "hier", "hier klicken", "klicken sie hier", "klick hier", "dieser link", "mehr",
    "mehr erfahren", "mehr lesen", "mehr dazu", "weiterlesen", "weiter", "herunterladen",
    /* Spanish */
    "aquí", "aqui", "haga clic aquí", "haz clic aquí", "pulse aquí", "enlace", "este enlace", "más",
    "leer más", "ver más", "saber más", "más información", "seguir leyendo", "descargar",
    /* Portuguese */
    "clique aqui", "ligação", "este link", "mais", "leia mais", "ler mais", "saiba mais",
    "saber mais", "ver mais", "mais informações", "continuar", "baixar",
    /* Italian */
    "qui", "clicca qui", "cliccare qui", "questo link", "altro", "leggi", "leggi tutto",
    "leggi di più", "scopri di più", "per saperne di più", "continua", "scarica",
    /* Turkish */
    "burada", "buraya", "buraya tıklayın", "tıklayın", "bağlantı", "bu bağlantı", "devamı",
    "devamını oku", "daha fazla", "daha fazla bilgi", "ayrıntılar", "indir",
    /* Uzbek */
    "bu yerda", "shu yerda", "bu yerga bosing", "shu yerga bosing", "havola", "ushbu havola",
    "batafsil", "davomi", "ko'proq", "ko‘proq", "бу ерда", "шу ерда", "ҳавола", "батафсил",
    /* Arabic */
    "هنا", "اضغط هنا", "انقر هنا", "رابط", "الرابط", "هذا الرابط", "المزيد", "اقرأ المزيد",
    "للمزيد", "التفاصيل",
    /* Chinese */
    "这里", "這裡", "此处", "此處", "点击这里", "點擊這裡", "点此", "點此", "链接", "連結", "更多",
    "阅读更多", "閱讀更多", "查看更多", "了解更多", "详情", "詳情", "下载"};

static const char *const picture_words[] = {
    "image",        "picture",    "photo",      "photograph",  "pic",
    "img",          "figure",     "graphic",    "screenshot",  "icon",
    "logo",         "banner",     "untitled",   "alt",         "alt text",
    "изображение",  "картинка",   "фото",       "фотография",  "рисунок",
    "снимок",       "скриншот",   "логотип",    "баннер",      "иконка",
    "сурет",        "фотосурет",  "бейне",      "кескін",      "белгіше",
    "зображення",   "малюнок",    "світлина",   "фотографія",  "illustration",
    "photographie", "bild",       "foto",       "grafik",      "abbildung",
    "fotografie",   "imagen",     "fotografía", "ilustración", "imagem",
    "fotografia",   "ilustração", "logotipo",   "immagine",    "illustrazione",
    "resim",        "görsel",     "fotoğraf",   "görüntü",     "rasm",
    "surat",        "расм",       "сурат",      "صورة",        "الصورة",
    "شعار",         "رسم",        "图片",       "圖片",        "图像",
    "圖像",         "照片",       "图",         "圖",          "标志"};

/* Takes white space and signs off both ends of a text. */
static char *trim(char *text) {
    ucs4_t c = 0;
    char *start = text;
    char *end = text;
    bool begun = false;
    for (char *at = text; *at != '\0';) {
        int size = u8_strmbtouc(&c, (const uint8_t *)at);
        size = size > 0 ? size : 1;
        if (uc_is_property_alphabetic(c) || uc_is_property_decimal_digit(c)) {
            if (!begun)
                start = at;
            begun = true;
            end = at + size;
        }
        at += size;
    }
    *end = '\0';
    return begun ? start : end;
}

static bool is_among(const char *word, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

bool nl_vague_link(const char *words) {
    char *folded = nl_text_fold(words);
    char *word = folded != NULL ? trim(folded) : NULL;
    bool vague =
        word != NULL && is_among(word, link_words, sizeof link_words / sizeof link_words[0]);
    free(folded);
    return vague;
}

static bool ends_as_file(const char *text) {
    static const char *const ends[] = {".png", ".jpg", ".jpeg", ".gif", ".webp",
                                       ".svg", ".bmp", ".heic", ".tif", ".tiff"};
    size_t len = strlen(text);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t size = strlen(ends[i]);
        if (len > size && strcmp(text + len - size, ends[i]) == 0 && strchr(text, ' ') == NULL)
            return true;
    }
    return false;
}

/* Whether a text is a word with a number, or a number alone: "img_1234", "photo 2", "20260825-1".
 */
static bool is_numbered(char *text) {
    size_t len = strlen(text);
    size_t digits = len;
    while (digits > 0 && strchr("0123456789_-. ()", text[digits - 1]) != NULL)
        digits--;
    if (digits == len)
        return false;
    text[digits] = '\0';
    static const char *const cameras[] = {"dsc", "dscn", "dscf", "dcim",
                                          "p",   "pict", "wa",   "img_wa"};
    return digits == 0 || is_among(text, cameras, sizeof cameras / sizeof cameras[0]) ||
           is_among(text, picture_words, sizeof picture_words / sizeof picture_words[0]);
}

bool nl_vague_picture(const char *words) {
    char *folded = nl_text_fold(words);
    char *word = folded != NULL ? trim(folded) : NULL;
    bool vague = word != NULL &&
                 (is_among(word, picture_words, sizeof picture_words / sizeof picture_words[0]) ||
                  ends_as_file(word) || is_numbered(word));
    free(folded);
    return vague;
}
