package enqueue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/enqueue"
)

// client is on a Redis within the process; a service gives its own Redis client.
func client() *enqueue.Client {
	server, err := miniredis.Run()
	if err != nil {
		panic(err)
	}
	c, err := enqueue.New(enqueue.Options{Redis: redis.NewClient(&redis.Options{Addr: server.Addr()})})
	if err != nil {
		panic(err)
	}
	return c
}

var shipped = enqueue.Message{
	ID: "order-10027-shipped", Channel: enqueue.Email, From: "Fernhill <stay@fernhill.example>", To: "ada@example.com",
	Content: enqueue.Content{Shortcut: "order-shipped"}, Context: json.RawMessage(`{"customer":{"firstName":"Ada"}}`),
}

func ExampleClient_Message() {
	c := client()
	defer c.Close()
	id, err := c.Message(context.Background(), shipped)
	fmt.Println(id, err)
	// Output: order-10027-shipped <nil>
}

func ExampleClient_Enqueue() {
	c := client()
	defer c.Close()
	for range 2 {
		receipt, err := c.Enqueue(context.Background(), shipped)
		fmt.Println(receipt.ID, receipt.Already, err)
	}
	// Output:
	// order-10027-shipped false <nil>
	// order-10027-shipped true <nil>
}

func ExampleClient_Messages() {
	c := client()
	defer c.Close()
	wrong := shipped
	wrong.ID, wrong.From = "order-10028-shipped", ""
	receipts, err := c.Messages(context.Background(), []enqueue.Message{shipped, wrong})
	fmt.Println(err)
	for _, r := range receipts {
		fmt.Println(r.ID, r.Err == nil)
	}
	// Output:
	// message 1: /from: an email needs a sender
	// order-10027-shipped true
	// order-10028-shipped false
}

func ExampleFaults() {
	c := client()
	defer c.Close()
	_, err := c.Message(context.Background(), enqueue.Message{Channel: enqueue.Email, To: "ada@example.com", Content: enqueue.Content{Text: "Hi"}})
	var faults enqueue.Faults
	if errors.As(err, &faults) {
		for _, f := range faults {
			fmt.Println(f.Pointer, f.Code)
		}
	}
	// Output: /from missing
}

func ExampleClient_Bulk() {
	c := client()
	defer c.Close()
	guests := []string{"ada@example.com", "bob@example.com"} // or rows of a database, one at a time
	var audience iter.Seq2[enqueue.Recipient, error] = func(yield func(enqueue.Recipient, error) bool) {
		for _, to := range guests {
			if !yield(enqueue.Recipient{To: to}, nil) {
				return
			}
		}
	}
	id, err := c.Bulk(context.Background(), enqueue.Bulk{
		ID: "spring-news", Rate: 500,
		Messages: []enqueue.Part{{Channel: enqueue.Email, From: "Fernhill <stay@fernhill.example>", Content: enqueue.Content{Shortcut: "spring-news"}}},
	}, audience, enqueue.BulkOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	progress, err := c.BulkProgress(context.Background(), id)
	fmt.Println(progress.ID, progress.Planned, progress.Pending, err)
	// Output: spring-news 2 2 <nil>
}

func ExampleClient_Reschedule() {
	c := client()
	defer c.Close()
	ctx := context.Background()
	later := shipped
	later.SendAt = time.Now().Add(time.Hour)
	id, err := c.Message(ctx, later)
	fmt.Println(id, err)
	fmt.Println(c.Reschedule(ctx, id, time.Now().Add(48*time.Hour)))
	fmt.Println(c.CancelMessage(ctx, id))
	fmt.Println(errors.Is(c.Reschedule(ctx, id, time.Now()), enqueue.ErrTooLate))
	// Output:
	// order-10027-shipped <nil>
	// <nil>
	// <nil>
	// true
}

func ExampleClient_MessageStatus() {
	c := client()
	defer c.Close()
	ctx := context.Background()
	_, err := c.MessageStatus(ctx, "nobody")
	fmt.Println(errors.Is(err, enqueue.ErrNotFound))
	id, _ := c.Message(ctx, shipped)
	status, err := c.MessageStatus(ctx, id)
	fmt.Println(status.State, status.To, err)
	// Output:
	// true
	// pending ada@example.com <nil>
}
