package demo

import "slices"

// visit is what a user did with an item.
type visit struct {
	key  uint64 // user and slot, what its draws are for
	item uint64
}

const week = 7 * 24 * 60 * 60 // seconds

// history returns 12 to 28 visits of a user, fewer where an item came twice:
// then the last visit counts.
func history(u uint64) []visit {
	favourites := favouritesOf(u)
	var visits []visit
	for slot := range 12 + draw(historyLength, u, 17) {
		key := u<<8 + slot
		item := onShelf(shelfOf(key, favourites), skewed(draw(historyPlace, key, 1<<16)))
		visits = slices.DeleteFunc(visits, func(v visit) bool { return v.item == item })
		visits = append(visits, visit{key, item})
	}
	return visits
}

// shelfOf is the category of a visit: mostly a favourite.
func shelfOf(key uint64, favourites [3]uint64) uint64 {
	switch x := draw(historyShelf, key, 40); {
	case x < 20:
		return favourites[0]
	case x < 30:
		return favourites[1]
	case x < 36:
		return favourites[2]
	default:
		return (x - 36) * 6
	}
}

// row returns the columns of user_item.
func (v visit) row() []any {
	seconds := (1 + draw(historyView, v.key<<1, 1024)) << draw(historyView, v.key<<1+1, 12)
	clicks, purchases := uint64(0), uint64(0)
	if seconds < week {
		clicks = 1 + draw(historyClicks, v.key, 6)
	}
	if draw(historyPurchase, v.key<<1, 6) == 0 {
		purchases = 1 + draw(historyPurchase, v.key<<1+1, 2)
	}
	return []any{
		unless(draw(historyClicksNull, v.key, 16) == 0, int64(clicks)),
		int64(purchases),
		float32(seconds),
	}
}
