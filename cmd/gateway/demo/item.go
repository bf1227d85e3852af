package demo

// Items have a rank, 0 sells best. Ids are dealt to ranks by a line modulo
// Items, which can be walked both ways; ranks are dealt to categories in turn.
const (
	multiplier = 20_011
	inverse    = 39_091 // multiplier × inverse = 1 modulo Items
	shift      = 31_337
)

// itemAt returns the item with a rank.
func itemAt(rank uint64) uint64 { return (rank*multiplier+shift)%Items + 1 }

// rankOf returns the rank of an item.
func rankOf(i uint64) uint64 { return (i - 1 + Items - shift) % Items * inverse % Items }

// onShelf returns the item at a place of a category; 0 sells best.
func onShelf(category, place uint64) uint64 { return itemAt(place*categories + category) }

// itemRow returns the columns of item_stats for an item.
func itemRow(i uint64) []any {
	rank := rankOf(i)
	category, place := rank%categories, rank/categories
	goods := assortment[category]
	cents := goods.euros * (40 + drawPart(itemPrice, i, 0, 100) + drawPart(itemPrice, i, 1, 100))
	views := goods.demand * 3_000 / (place + 8) * (75 + draw(itemViews, i, 51)) / 100
	ratings := views * draw(itemRatings, i, 101) / 60
	brand := brands[(category*3+draw(itemBrand, i, 6))%uint64(len(brands))]
	return []any{
		indexOf(rank),
		goods.name,
		unless(draw(itemBrandNull, i, 7) == 0, brand),
		ratio(cents/100*100+99, 100),
		ratio(discountOf(i), 100),
		int64(views),
		unless(ratings == 0, ratio(starsOf(i), 10)),
		int64(ratings),
		float32(drawPart(itemAge, i, 0, 40) * drawPart(itemAge, i, 1, 40)),
		draw(itemStock, i, 33) != 0,
		unless(draw(itemTasteNull, i, 25) == 0, lookOf(i, category)),
	}
}

// indexOf numbers the best-sellers from 1; 0 is any other item.
func indexOf(rank uint64) int64 {
	if rank >= head {
		return 0
	}
	return int64(rank) + 1
}

// discountOf is in percent.
func discountOf(i uint64) uint64 {
	if drawPart(itemDiscount, i, 0, 4) != 0 {
		return 0
	}
	return 10 + 10*drawPart(itemDiscount, i, 1, 5)
}

// starsOf is the average rating in tenths of a star. It hints at the quality of
// an item, which nothing else tells.
func starsOf(i uint64) uint64 {
	quality := drawPart(itemQuality, i, 0, 61) + drawPart(itemQuality, i, 1, 61)
	return min(24+quality/6+draw(itemRating, i, 9), 50)
}

// lookOf places an item near the centre of its category.
func lookOf(i, category uint64) []float32 {
	middle := centreOf(category)
	look := make([]float32, dimensions)
	for d := range look {
		look[d] = ratio(middle[d]+int64(drawPart(itemNoise, i, uint64(d), 129))-64, 128)
	}
	return look
}
