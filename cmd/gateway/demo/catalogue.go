package demo

import (
	"strconv"

	"github.com/rankgate/rankgate/features"
)

// Sizes of the shop. Ids are "1" to "10000" and "1" to "50000".
const (
	Users = 10_000
	Items = 50_000

	categories = 25
	department = 5                  // categories of one department
	shelf      = Items / categories // items of one category
	head       = 2_000              // best-sellers with an index of their own
	dimensions = 16                 // of the space of tastes
)

// Some rows are left out on purpose, so that fallbacks can be seen.
const (
	newUser = 97  // a user whose id it divides has no row
	newItem = 101 // an item whose id it divides has no row
)

// Fill adds the whole shop to b, whose registry is that of Files.
func Fill(b *features.Builder) error {
	ids := make([]string, Items+1)
	for id := range ids {
		ids[id] = strconv.Itoa(id)
	}
	for u := range userIDs {
		if err := b.Add("user_stats", ids[u:u+1], userRow(u)...); err != nil {
			return err
		}
	}
	for i := range itemIDs {
		if err := b.Add("item_stats", ids[i:i+1], itemRow(i)...); err != nil {
			return err
		}
	}
	for u := uint64(1); u <= Users; u++ {
		for _, v := range history(u) {
			if err := b.Add("user_item", []string{ids[u], ids[v.item]}, v.row()...); err != nil {
				return err
			}
		}
	}
	return nil
}

// userIDs and itemIDs yield the ids that have a row.

func userIDs(yield func(uint64) bool) { known(Users, newUser, yield) }
func itemIDs(yield func(uint64) bool) { known(Items, newItem, yield) }

func known(last, absent uint64, yield func(uint64) bool) {
	for id := uint64(1); id <= last; id++ {
		if id%absent != 0 && !yield(id) {
			return
		}
	}
}

// purpose is what a number is drawn for. train/catalogue.py lists them in the
// same order.
type purpose uint64

const (
	_ purpose = iota
	centre
	favourite
	favouriteNoise
	userAge
	userAgeNull
	userCountry
	userCountryNull
	userOrders
	userBasket
	userSpend
	userRecency
	userCard
	userSegmentNull
	userTasteNull
	itemPrice
	itemViews
	itemQuality
	itemRating
	itemRatings
	itemAge
	itemDiscount
	itemStock
	itemBrand
	itemBrandNull
	itemNoise
	itemTasteNull
	historyLength
	historyShelf
	historyPlace
	historyView
	historyClicks
	historyPurchase
	historyClicksNull
)

// draw returns a number below n for an id, as likely as any other. All values
// of the shop are whole-number arithmetic on such draws with one division at
// the end, so that every machine and language gets the same bits.
func draw(p purpose, id, n uint64) uint64 {
	return mix(mix(uint64(p))+id) >> 32 * n >> 32
}

// drawPart is draw for part k < 256 of an id.
func drawPart(p purpose, id, k, n uint64) uint64 { return draw(p, id<<8+k, n) }

// mix is one step of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// centreOf returns the middle of a category in the space of tastes, in 1/128.
func centreOf(category uint64) (c [dimensions]int64) {
	for d := range c {
		c[d] = int64(drawPart(centre, category, uint64(d), 257)) - 128
	}
	return c
}

// skewed turns 16 random bits into a place on a shelf; low places, the
// best-sellers, are far more likely.
func skewed(x uint64) uint64 { return x * x * x * shelf >> 48 }

func ratio[N int64 | uint64](n N, d float32) float32 { return float32(n) / d }

// unless returns v, or nil for a value that the store does not know.
func unless(null bool, v any) any {
	if null {
		return nil
	}
	return v
}
