package phone

import (
	"testing"

	"github.com/heraldsend/herald/worker/address"
)

func TestFinderFindsNumbers(t *testing.T) {
	f, err := address.NewFinder(Parser("GB"), address.Phone, "07700 900123")
	if err != nil {
		t.Fatal(err)
	}
	for text, found := range map[string]bool{
		"+447700900123": true, "call 07700 900123 now": true, "(07700) 900-123": true, "+44 (0)7700 900123": true, "whatsapp:+447700900123": true, "447700900123": true,
		"order 12 07700900123": true, "https://wa.me/447700900123?x=1": true,
		"+447700900124": false, "900123": false, "2026-12-01 07700": false, "": false, "1907700900123999": false, "+17700900123": false,
	} {
		if f.In(text) != found {
			t.Errorf("%q: %v", text, !found)
		}
	}
	if !f.Is("+44 7700 900123", "") || f.Is("+44 7700 900124", "") {
		t.Error("Is")
	}
}
