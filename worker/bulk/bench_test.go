package bulk

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/fingerprint"
)

// BenchmarkAudience reads an audience and packs it into chunks: all of an enqueueing but Redis.
func BenchmarkAudience(b *testing.B) {
	const rows = 20_000
	var csv, ndjson bytes.Buffer
	csv.WriteString("customer.email,customer.firstName,customer.lastName,customer.custom.tierStr,customer.custom.visitsNum,customer.custom.reservationDateAt,locale\n")
	for i := range rows {
		fmt.Fprintf(&csv, "user%d@example.com,User %d,Surname,Diamond,%d,2019-01-18T00:00:00.000Z,fr-CA\n", i, i, i%50)
		fmt.Fprintf(&ndjson, `{"to":"user%d@example.com","locale":"fr-CA","timezone":"America/Toronto","context":{"customer":{"firstName":"User %d","lastName":"Surname",`+
			`"custom":{"tierStr":"Diamond","visitsNum":%d,"reservationDateAt":"2019-01-18T00:00:00.000Z"}}}}`+"\n", i, i, i%50)
	}
	for name, in := range map[string][]byte{"csv": csv.Bytes(), "ndjson": ndjson.Bytes()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			bytesOut := 0
			for b.Loop() {
				a, err := OpenAudience(bytes.NewReader(in), name, message.Email)
				if err != nil {
					b.Fatal(err)
				}
				w, err := NewChunkWriter(Definition{Messages: []Part{{Channel: message.Email}}}, &fingerprint.Key{}, func(p Packed) error { bytesOut += len(p.Data) + len(p.Filter); return nil })
				if err != nil {
					b.Fatal(err)
				}
				for r, err := range a.All() {
					if err == nil {
						err = w.Add(r)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				if err := w.Flush(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "recipients/s")
			b.ReportMetric(float64(bytesOut)/float64(rows*b.N), "bytes/recipient")
		})
	}
}
