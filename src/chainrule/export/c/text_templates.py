"""The functions of C that split a text into words and count its features, as text.

Lines such as @SIGMA stand for others that depend on the vocabulary.
"""

from __future__ import annotations

__all__ = [
    "AMONG",
    "BUCKET",
    "CASE",
    "LETTER",
    "LETTER_OF_ASCII",
    "LOWER",
    "NO_CASE",
    "PIECES",
    "PIECES_END",
    "PIECE_BEGIN",
    "PUT",
    "RUNS",
    "RUNS_WITHOUT_SIGNS",
    "SELECTOR",
    "SIGMA",
    "SPLIT",
    "WORDS",
]

SPLIT = """/* The class of a character beyond ASCII. */
static char class_of(uint32_t sign)
{
  int low = 0, high = CLASSES;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    if (class_starts[middle] <= sign) low = middle;
    else high = middle;
  }
  return classes[low];
}

/* The next character of a text in UTF-8; bytes that are none count as U+FFFD. */
static uint32_t next_sign(const char **text)
{
  const unsigned char *bytes = (const unsigned char *)*text;
  uint32_t sign = bytes[0];
  int more = sign < 0xC0 ? 0 : sign < 0xE0 ? 1 : sign < 0xF0 ? 2 : 3;
  *text += 1;
  if (sign < 0x80) return sign;
  if (more == 0) return 0xFFFD;
  sign &= 0x3Fu >> more;
  for (; more > 0; more--) {
    if ((**(const unsigned char **)text & 0xC0) != 0x80) return 0xFFFD;
    sign = sign << 6 | (**(const unsigned char **)text & 0x3Fu);
    *text += 1;
  }
  return sign;
}

static void put_letter(uint32_t letter)
{
  char bytes[4];
  int size = 1;
  if (letter < 0x80) {
    bytes[0] = (char)letter;
  } else {
    size = letter < 0x800 ? 2 : letter < 0x10000 ? 3 : 4;
    for (int i = size - 1; i > 0; i--) {
      bytes[i] = (char)(0x80 | (letter & 0x3F));
      letter >>= 6;
    }
    bytes[0] = (char)((size == 2 ? 0xC0 : size == 3 ? 0xE0 : 0xF0) | letter);
  }
  for (int i = 0; i < size; i++) {
    if (reading.size < LONGEST_WORD) reading.word[reading.size] = bytes[i];
    reading.size += 1; /* a word that is too long is none that is known */
  }
}

static void count(int place)
{
  if (place < 0) return;
  if (reading.counts[place] == 0) reading.places[reading.found++] = place;
  reading.counts[place] += 1;
}
"""

SELECTOR = """/* Whether a selector of its look comes behind a sign, or a blank without width. */
static int takes_selector(uint32_t sign, const char *text)
{
  const uint32_t next = next_sign(&text);
  const int takes = class_of(sign) != 'b' || sign == 0x200B || sign == 0xFEFF;
  return takes && next >= 0xFE00 && next < 0xFE10;
}
"""

AMONG = """/* The place of a run or piece among those that are known, -1 if it is not. */
static int place_among(const uint64_t *keys, int number, uint64_t key)
{
  int low = 0, high = number - 1;
@BUCKET
  while (low <= high) {
    const int middle = low + (high - low) / 2;
    if (keys[middle] == key) return middle;
    if (keys[middle] < key) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
"""

WORDS = """static int row_of_word(void)
{
  int low = 0, high = WORDS - 1;
  if (reading.size > LONGEST_WORD) return -1;
  reading.word[reading.size] = 0;
  while (low <= high) {
    const int middle = low + (high - low) / 2;
    const int order = strcmp(words[middle], reading.word);
    if (order == 0) return word_rows[middle];
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

static void end_word(void)
{
  if (reading.size == 0) return;
@PIECES_END
  const int row = row_of_word();
  reading.size = 0;
  count(row);
@RUNS_END
}
"""

RUN_LOOP = """  for (int length = 2; length <= RUN; length++) {
    uint64_t key = 0;
    for (int i = length - 1; i >= 0; i--) {
      if (reading.rows[i] < 0) return;
      key = key * GOLDEN + (uint64_t)(reading.rows[i] + 1);
    }
    const int place = place_among(runs, RUNS, key);
    if (place >= 0) count(WORDS + place);
  }
"""

SHIFT = "  for (int i = RUN - 1; i > 0; i--) reading.rows[i] = reading.rows[i - 1];\n"
RUNS = f"{SHIFT}  reading.rows[0] = row;\n{RUN_LOOP}"
RUNS_WITHOUT_SIGNS = f"""{SHIFT}  /* a sign separates the words around it */
  reading.rows[0] = reading.letters_in_word ? row : -1;
  reading.letters_in_word = 0;
{RUN_LOOP}"""
BUCKET = "  key = (key ^ key >> 32) % BUCKETS;\n"
PIECES_END = "  piece_letter('>', 1);\n  reading.length = 0;\n"
PIECE_BEGIN = """  if (reading.size == 0) piece_letter('<', 0);
  piece_letter(letter, 0);
"""

PIECES = """/* Counts the pieces that end with a letter. */
static void piece_letter(uint32_t letter, int last)
{
  for (int i = MOST - 1; i > 0; i--) reading.letters[i] = reading.letters[i - 1];
  reading.letters[0] = letter;
  reading.length += 1;
  for (int length = LEAST; length <= MOST && length <= reading.length; length++) {
    uint64_t key = 0;
    if (length == 1 && (last || reading.length == 1)) continue;
    for (int i = length - 1; i >= 0; i--) key = key * GOLDEN + reading.letters[i] + 1;
    const int place = place_among(pieces, PIECES, key);
    if (place >= 0) count(WORDS + RUNS + place);
  }
}
"""

PUT = """/* A letter of a word, small if it was a capital one. */
static void put_small(uint32_t letter)
{
@SMALL
@PIECE_BEGIN
  put_letter(letter);
}

/* A character: one that separates words, a sign of ASCII, which is a word, or a letter. */
static void put(uint32_t sign)
{
  if (sign <= 32 || sign == 127) {
    end_word();
  } else if (sign < 128 && strchr(SIGNS, (int)sign) != NULL) {
    end_word();
    put_small(sign);
    end_word();
  } else {
@IN_ASCII
    put_small(sign);
  }
}

/* Counts the features of a text: letters and digits in a row, and each other sign by itself. */
static void read_text(const char *text)
{
  int script = 0; /* whether letters of a script whose letters are words have come */
  for (int i = 0; i < reading.found; i++) reading.counts[reading.places[i]] = 0;
  reading.found = reading.size = 0;
  for (int i = 0; i < RUN; i++) reading.rows[i] = -1;
@COUNTED
  while (*text != 0) {
    const uint32_t sign = next_sign(&text);
    const char exact = sign < 128 ? 'w' : class_of(sign);
    const char kind = exact == 'A' ? 'a' : exact == 'T' ? 't' : exact;
    if (script && kind != 't' && kind != 'm') {
      end_word();
      script = 0;
    }
@CASED
    if (kind == 'b' && !takes_selector(sign, text)) {
      end_word();
    } else if (kind == 's' || kind == 'a') {
      end_word();
@IN_WORD
      put_small(sign);
      if (kind == 's' && takes_selector(sign, text)) put_small(next_sign(&text));
      end_word();
    } else if (kind == 't') {
      end_word();
@IN_WORD
      put_small(sign);
      script = 1;
    } else {
@IN_WORD
@SIGMA
      put(sign);
    }
  }
  end_word();
}
"""

LOWER = """  for (int i = 0; i < CAPITALS; i++) {
    const int32_t *range = capitals[i];
    const int32_t code = (int32_t)letter;
    if (code < range[0]) break;
    if (code <= range[1] && (code - range[0]) % range[2] == 0) {
      letter = (uint32_t)(code + range[3]);
      break;
    }
  }
  if (letter >= 'A' && letter <= 'Z') letter += 32;
  if (letter == 0x130) { /* the one capital letter of two small ones */
    put_small('i');
    letter = 0x307;
  }
"""

NO_CASE = """    if (kind == 's' || kind == 'a' || kind == 't') cased = 0;
    if (kind == 'b' && !takes_selector(sign, text)) cased = 0;
"""

CASE = """/* 1 of a letter that has two cases, -1 of signs that do not count in a word, else 0. */
static int case_of(uint32_t sign)
{
  const char kind = sign < 128 ? (isalpha((int)sign) ? 'c' : 'w') : class_of(sign);
  const int ignored = sign < 128 && sign != 0 && strchr("'.:^`", (int)sign) != NULL;
  return kind == 'c' ? 1 : ignored || kind == 'j' || kind == 'm' || kind == 'b' ? -1 : 0;
}

/* Whether a letter with two cases comes next. */
static int letter_comes(const char *text)
{
  int found = -1;
  while (found < 0) {
    const uint32_t sign = next_sign(&text);
    found = sign < 128 || class_of(sign) != 'b' || takes_selector(sign, text) ? case_of(sign) : 0;
  }
  return found;
}

"""

LETTER = """      if (sign >= 128 && strchr("wcat", exact) != NULL) reading.letters_in_word = 1;
"""
LETTER_OF_ASCII = "    if (sign < 128) reading.letters_in_word = 1;\n"

SIGMA = """      if (sign == 0x3A3) { /* at the end of a word a small sigma is another one */
        put(cased && !letter_comes(text) ? 0x3C2 : 0x3C3);
        cased = 1;
        continue;
      }
      if (case_of(sign) >= 0) cased = case_of(sign);
"""
