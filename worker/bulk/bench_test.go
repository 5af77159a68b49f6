package bulk

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/heraldsend/herald/worker/message"
)

// BenchmarkAudience reads a CSV and packs it into chunks: all of an enqueueing but Redis.
func BenchmarkAudience(b *testing.B) {
	var in bytes.Buffer
	in.WriteString("customer.email,customer.firstName,customer.lastName,customer.custom.tierStr,customer.custom.visitsNum,customer.custom.reservationDateAt,locale\n")
	const rows = 20_000
	for i := range rows {
		fmt.Fprintf(&in, "user%d@example.com,User %d,Surname,Diamond,%d,2019-01-18T00:00:00.000Z,fr-CA\n", i, i, i%50)
	}
	b.SetBytes(int64(in.Len()))
	b.ReportAllocs()
	bytesOut := 0
	for b.Loop() {
		c, err := NewCSV(bytes.NewReader(in.Bytes()), message.Email)
		if err != nil {
			b.Fatal(err)
		}
		w, err := NewChunkWriter(Definition{}, func(data []byte, _ int) error { bytesOut += len(data); return nil })
		if err != nil {
			b.Fatal(err)
		}
		for r, err := range c.All() {
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
}
