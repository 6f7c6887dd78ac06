#include "bulletin/foreign.h"

#include "newsletter/base/language.h"
#include "newsletter/base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

enum { SCRIPT_WORDS = 5, LANGUAGE_WORDS = 8, HITS = 3 };

/* The scripts that a language is written in; all others are written in Latin letters. */
static const struct {
    const char *language, *scripts;
} written[] = {{"ru", "Cyrillic"},
               {"uk", "Cyrillic"},
               {"be", "Cyrillic"},
               {"bg", "Cyrillic"},
               {"mk", "Cyrillic"},
               {"tg", "Cyrillic"},
               {"ky", "Cyrillic"},
               {"tt", "Cyrillic"},
               {"ba", "Cyrillic"},
               {"kk", "Cyrillic Latin"},
               {"uz", "Latin Cyrillic"},
               {"sr", "Cyrillic Latin"},
               {"az", "Latin Cyrillic"},
               {"mn", "Cyrillic Mongolian"},
               {"ar", "Arabic"},
               {"fa", "Arabic"},
               {"ur", "Arabic"},
               {"ps", "Arabic"},
               {"ug", "Arabic"},
               {"he", "Hebrew"},
               {"yi", "Hebrew"},
               {"el", "Greek"},
               {"hy", "Armenian"},
               {"ka", "Georgian"},
               {"zh", "Han"},
               {"ja", "Han Hiragana Katakana"},
               {"ko", "Hangul Han"},
               {"hi", "Devanagari"},
               {"th", "Thai"}};

/* The commonest words of a language, in small letters, each with a space before and after it. */
static const struct {
    const char *language, *words;
} common[] = {
    {"en", " the and of to in is for that with on are this be was by from has have will "},
    {"ru", " и в не на что с по для это как к из от при его до будет были году "},
    {"kk", " және мен бен үшін бұл осы деп жылы туралы бойынша болып болады да де пен бір "},
    {"uk", " і й в у на що з та для це як до із від при його буде були року "},
    {"fr", " le la les de des du et est une un dans pour que qui sur au aux par sont à "},
    {"de", " der die und das ist von mit zu den dem im für ein eine nicht auf des sich wird "},
    {"es", " el la los las de del que y en un una por para con se su es al "},
    {"pt", " o a os as de do da dos das que e em um uma para com não no na ao "},
    {"it", " il la di che e un una per con del della dei nel sono gli le è al "},
    {"tr", " ve bir bu için ile de da olarak olan çok gibi daha ise ne her "},
    {"uz", " va bu bilan uchun ham bir deb esa va bo‘yicha hamda ва бу билан учун ҳам бир деб "},
    {"ar", " من في على إلى أن التي الذي هذا هذه مع عن و كان ما "},
};

enum { LANGUAGES = sizeof common / sizeof common[0], TEXT_LIMIT = 4000 };

/* The letters and words of a text. */
struct letters {
    size_t words, hits[LANGUAGES];
    size_t letters, own;    /* how many of them are of the scripts of its language */
    const char *script;     /* of the last letter of another script */
    bool kazakh, ukrainian; /* it has letters that tell the language */
};

static const char *scripts_of(const char *language) {
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++)
        if (nl_language_match(language, written[i].language) != NL_LANGUAGE_OTHER)
            return written[i].scripts;
    return "Latin";
}

static void count_letter(struct letters *self, ucs4_t c, const char *scripts) {
    const uc_script_t *script = uc_script(c);
    if (script == NULL || strcmp(script->name, "Common") == 0 ||
        strcmp(script->name, "Inherited") == 0)
        return;
    self->letters++;
    if (strstr(scripts, script->name) != NULL)
        self->own++;
    else
        self->script = script->name;
    self->kazakh =
        self->kazakh || c == 0x4d9 || c == 0x493 || c == 0x49b || c == 0x4a3 || c == 0x4b1;
    self->ukrainian = self->ukrainian || c == 0x457 || c == 0x454 || c == 0x491;
}

static void count_word(struct letters *self, const char *word, size_t len) {
    char text[32];
    self->words++;
    if (len + 3 > sizeof text)
        return;
    text[0] = text[len + 1] = ' ';
    memcpy(text + 1, word, len);
    text[len + 2] = '\0';
    for (size_t i = 0; i < LANGUAGES; i++)
        self->hits[i] += strstr(common[i].words, text) != NULL;
}

/* Counts the letters and words of a text in small letters. Each Chinese character is a word. */
static void count(struct letters *self, const char *text, const char *scripts) {
    const char *word = NULL;
    const char *end = text + TEXT_LIMIT;
    for (const char *at = text; at < end;) {
        ucs4_t c = 0;
        int size = u8_strmbtouc(&c, (const uint8_t *)at);
        bool letter = size > 0 && (uc_is_property_alphabetic(c) || c == 0x2018 || c == '\'');
        if (letter && word == NULL)
            word = at;
        if (letter)
            count_letter(self, c, scripts);
        if (word != NULL && (!letter || uc_is_property_ideographic(c))) {
            count_word(self, word, (size_t)(at - word) + (letter ? (size_t)size : 0));
            word = NULL;
        }
        if (size <= 0)
            break;
        at += size;
    }
}

/* The language that has most common words in a text. */
static size_t best_of(const struct letters *self) {
    size_t best = 0;
    for (size_t i = 1; i < LANGUAGES; i++)
        if (self->hits[i] > self->hits[best])
            best = i;
    return best;
}

static const char *language_of_script(const struct letters *self) {
    static const struct {
        const char *script, *language;
    } languages[] = {{"Arabic", "ar"},   {"Han", "zh"},      {"Greek", "el"},     {"Hebrew", "he"},
                     {"Georgian", "ka"}, {"Armenian", "hy"}, {"Hangul", "ko"},    {"Thai", "th"},
                     {"Hiragana", "ja"}, {"Katakana", "ja"}, {"Devanagari", "hi"}};
    size_t best = best_of(self);
    if (strcmp(self->script, "Cyrillic") == 0)
        return self->kazakh ? "kk" : self->ukrainian ? "uk" : "ru";
    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++)
        if (strcmp(self->script, languages[i].script) == 0)
            return languages[i].language;
    return self->hits[best] > 0 ? common[best].language : "";
}

const char *nl_foreign_language(const char *text, const char *language) {
    struct letters self = {0};
    char *folded = nl_text_fold(text);
    if (folded != NULL)
        count(&self, folded, scripts_of(language));
    free(folded);
    if (self.words >= SCRIPT_WORDS && self.own * 4 < self.letters && self.script != NULL)
        return language_of_script(&self);
    size_t own = 0;
    while (own < LANGUAGES &&
           nl_language_match(language, common[own].language) == NL_LANGUAGE_OTHER)
        own++;
    size_t best = best_of(&self);
    bool sure = self.words >= LANGUAGE_WORDS && own < LANGUAGES && best != own &&
                self.hits[best] >= HITS && self.hits[best] * 5 >= self.words &&
                self.hits[best] > 3 * self.hits[own];
    return sure ? common[best].language : NULL;
}
