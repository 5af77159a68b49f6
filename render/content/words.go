package content

// Words are what the kinds of callouts are called in a language: note, tip, important, warning, caution. The last one is
// the sign between such a word and what follows it in a text.
type Words [len(kinds) + 1]string

// english are the Words where a language has none.
var english = Words{"Note", "Tip", "Important", "Warning", "Caution", ":"}

// words are those of the languages that mails are mostly written in.
var words = map[string]*Words{
	"ar": {"ملاحظة", "نصيحة", "مهم", "تحذير", "تنبيه", ":"},
	"cs": {"Poznámka", "Tip", "Důležité", "Varování", "Pozor", ":"},
	"da": {"Bemærk", "Tip", "Vigtigt", "Advarsel", "Forsigtig", ":"},
	"de": {"Hinweis", "Tipp", "Wichtig", "Warnung", "Vorsicht", ":"},
	"el": {"Σημείωση", "Συμβουλή", "Σημαντικό", "Προειδοποίηση", "Προσοχή", ":"},
	"es": {"Nota", "Consejo", "Importante", "Advertencia", "Precaución", ":"},
	"fa": {"توجه", "نکته", "مهم", "هشدار", "احتیاط", ":"},
	"fi": {"Huomautus", "Vinkki", "Tärkeää", "Varoitus", "Varo", ":"},
	"fr": {"Remarque", "Conseil", "Important", "Avertissement", "Attention", "\u00a0:"},
	"he": {"הערה", "טיפ", "חשוב", "אזהרה", "זהירות", ":"},
	"hu": {"Megjegyzés", "Tipp", "Fontos", "Figyelmeztetés", "Vigyázat", ":"},
	"id": {"Catatan", "Tips", "Penting", "Peringatan", "Perhatian", ":"},
	"it": {"Nota", "Suggerimento", "Importante", "Avviso", "Attenzione", ":"},
	"ja": {"補足", "ヒント", "重要", "警告", "注意", "："},
	"ko": {"참고", "팁", "중요", "경고", "주의", ":"},
	"nb": {"Merk", "Tips", "Viktig", "Advarsel", "Forsiktig", ":"},
	"nl": {"Opmerking", "Tip", "Belangrijk", "Waarschuwing", "Let op", ":"},
	"no": {"Merk", "Tips", "Viktig", "Advarsel", "Forsiktig", ":"},
	"pl": {"Uwaga", "Wskazówka", "Ważne", "Ostrzeżenie", "Ostrożnie", ":"},
	"pt": {"Nota", "Dica", "Importante", "Aviso", "Cuidado", ":"},
	"ro": {"Notă", "Sfat", "Important", "Avertisment", "Atenție", ":"},
	"ru": {"Примечание", "Совет", "Важно", "Предупреждение", "Осторожно", ":"},
	"sv": {"Obs", "Tips", "Viktigt", "Varning", "Försiktig", ":"},
	"tr": {"Not", "İpucu", "Önemli", "Uyarı", "Dikkat", ":"},
	"uk": {"Примітка", "Порада", "Важливо", "Попередження", "Обережно", ":"},
	"vi": {"Lưu ý", "Mẹo", "Quan trọng", "Cảnh báo", "Thận trọng", ":"},
	"zh": {"说明", "提示", "重要", "警告", "注意", "："},

	"zh-hant": {"說明", "提示", "重要", "警告", "注意", "："},
}

// WordsIn are the Words of the first of these languages that has some; English where none has.
func WordsIn(languages []string) *Words {
	for _, l := range languages {
		if w := words[l]; w != nil {
			return w
		}
	}
	return &english
}

// word is the word of a kind, with the sign behind it in a text.
func (w *Words) word(kind int, inText bool) string {
	if w == nil {
		w = &english
	}
	if kind < 0 || kind >= len(kinds) {
		return ""
	}
	if inText {
		return w[kind] + w[len(kinds)]
	}
	return w[kind]
}
