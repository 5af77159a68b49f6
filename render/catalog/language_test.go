package catalog

import (
	"strings"
	"testing"
)

func TestLanguageChain(t *testing.T) {
	for locale, want := range map[string]string{
		"en":                 "en",
		"en_US":              "en-us en",
		"en-gb":              "en-gb en-001 en",
		"de-AT":              "de-at de",
		"DE_at":              "de-at de",
		"fr":                 "fr",
		"es-MX":              "es-mx es-419 es",
		"pt-BR":              "pt-br pt",
		"zh-TW":              "zh-tw zh-hant zh",
		"zh-Hans-CN":         "zh-hans-cn zh",
		"iw":                 "he",
		"sr-Latn-RS":         "sr-latn-rs sr-latn sr",
		"de-DE-u-co-phonebk": "de-de-u-co-phonebk de-de de",
	} {
		got, err := Languages(locale)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v, %v; want %s", locale, got, err, want)
		}
	}
	for _, bad := range []string{"", "und", "not a tag", "e", "../../etc/passwd", strings.Repeat("en-", 50)} {
		if got, err := Languages(bad); err == nil {
			t.Errorf("%q: %v, want an error", bad, got)
		}
	}
}
