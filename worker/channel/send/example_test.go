package send_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
)

// A receiver of events: it takes each once, and only from who knows the secret.
func ExampleVerifier() {
	secret, err := send.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := send.NewVerifier(secret) // give the old one too while you change it
	if err != nil {
		log.Fatal(err)
	}
	receive := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		switch err := verifier.Verify(r.Header, body, time.Now()); {
		case errors.Is(err, send.ErrReplay):
			return // taken before, and answered with 200 again
		case err != nil:
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if err := store(body); err != nil {
			verifier.Forget(r.Header.Get("webhook-id")) // Herald comes again
			w.WriteHeader(http.StatusInternalServerError)
		}
	}

	body := []byte(`{"type":"message.sent","timestamp":"2026-12-01T09:00:00Z","data":{"id":"order-10027"}}`)
	for range 2 {
		request := httptest.NewRequest(http.MethodPost, "/events", bytes.NewReader(body))
		send.Sign(request.Header, []send.Secret{secret}, "evt_1", time.Now(), body)
		answer := httptest.NewRecorder()
		receive(answer, request)
		fmt.Println(answer.Code)
	}
	// Output:
	// stored message.sent
	// 200
	// 200
}

func store(body []byte) error {
	if bytes.Contains(body, []byte(`"message.sent"`)) {
		fmt.Println("stored message.sent")
	}
	return nil
}
