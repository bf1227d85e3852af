package rivals

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"

	"github.com/rankgate/rankgate/bench/rivals/contract"
)

// Question is a request whose answer is known.
type Question struct {
	User   string
	Items  []string
	Scores []float32 // of Items, as Reference gives them
}

// Tolerance is how far a score may be from the reference, as a share of the largest
// score of the question: passes of other numbers of rows, and other builds of ONNX
// Runtime, add up in another order.
const Tolerance = 1e-5

const budgetMS = 1000

// Check asks the server at url. It fails unless each item is there with its score,
// the highest first, and equal ones in the order of the question.
func (q *Question) Check(ctx context.Context, url string) error {
	body, err := json.Marshal(contract.Request{User: q.User, Items: q.Items, BudgetMS: budgetMS})
	if err != nil {
		return err
	}
	url += "/rank"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "application/json" {
		return fmt.Errorf("POST %s: %s, %q: %s", url, response.Status, kind, text)
	}
	var answer contract.Answer
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("POST %s: %w", url, err)
	}
	return q.check(answer.Items)
}

func (q *Question) check(items []contract.Scored) error {
	if len(items) != len(q.Items) {
		return fmt.Errorf("the answer has %d items; %d were asked for", len(items), len(q.Items))
	}
	places := map[string][]int{} // of each item in the question, those that are still to come
	largest := 0.0
	for i, id := range q.Items {
		places[id] = append(places[id], i)
		largest = max(largest, math.Abs(float64(q.Scores[i])))
	}
	before, last := contract.Scored{Score: float32(math.Inf(1))}, -1 // the item before, and its place
	for _, item := range items {
		if len(places[item.ID]) == 0 {
			return fmt.Errorf("item %q is in the answer more often than in the question", item.ID)
		}
		place := places[item.ID][0]
		places[item.ID] = places[item.ID][1:]
		off := math.Abs(float64(item.Score) - float64(q.Scores[place]))
		if !(off <= Tolerance*largest) { // NaN is not
			return fmt.Errorf("the score of item %q is %v; ONNX Runtime gives %v", item.ID, item.Score, q.Scores[place])
		}
		if item.Score > before.Score || item.Score == before.Score && place < last {
			return fmt.Errorf("item %q with %v comes after %q with %v", item.ID, item.Score, before.ID, before.Score)
		}
		before, last = item, place
	}
	return nil
}
