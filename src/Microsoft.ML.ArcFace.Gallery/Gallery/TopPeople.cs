namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>
/// The k nearest people, each with their nearest vector: a heap with the last of them on top. Of equal scores the vector that
/// was enrolled first comes first, so the result does not depend on the order of the offers.
/// </summary>
internal sealed class TopPeople(int capacity)
{
    private readonly List<(VectorRow Row, float Score)> _heap = new(Math.Min(capacity, 64));

    /// <summary>Whoever scores less is not among the nearest.</summary>
    public float LeastScore => _heap.Count < capacity ? float.NegativeInfinity : _heap[0].Score;

    /// <summary>Takes a vector in if its person is among the nearest by it.</summary>
    public void Offer(VectorRow row, float score)
    {
        (VectorRow, float) offer = (row, score);
        if (_heap.Count == capacity && !ComesBefore(offer, _heap[0]))
        {
            return;
        }

        int known = IndexOf(row.Person);
        if (known >= 0)
        {
            if (ComesBefore(offer, _heap[known]))
            {
                _heap[known] = offer;
                MoveDown(known);
            }
        }
        else if (_heap.Count < capacity)
        {
            _heap.Add(offer);
            MoveUp(_heap.Count - 1);
        }
        else
        {
            _heap[0] = offer;
            MoveDown(0);
        }
    }

    public void OfferAll(TopPeople others)
    {
        foreach ((VectorRow row, float score) in others._heap)
        {
            Offer(row, score);
        }
    }

    /// <summary>The nearest first.</summary>
    public (VectorRow Row, float Score)[] ToArray()
    {
        (VectorRow Row, float Score)[] best = [.. _heap];
        Array.Sort(best, (first, second) => ComesBefore(first, second) ? -1 : ComesBefore(second, first) ? 1 : 0);
        return best;
    }

    private static bool ComesBefore((VectorRow Row, float Score) first, (VectorRow Row, float Score) second) =>
        first.Score > second.Score || (first.Score == second.Score && first.Row.Number < second.Row.Number);

    private int IndexOf(PersonEntry person)
    {
        for (int i = 0; i < _heap.Count; i++)
        {
            if (ReferenceEquals(_heap[i].Row.Person, person))
            {
                return i;
            }
        }

        return -1;
    }

    private void MoveUp(int index)
    {
        for (int parent = (index - 1) / 2; index > 0 && ComesBefore(_heap[parent], _heap[index]); parent = (index - 1) / 2)
        {
            (_heap[index], _heap[parent]) = (_heap[parent], _heap[index]);
            index = parent;
        }
    }

    private void MoveDown(int index)
    {
        while (true)
        {
            int last = index;
            for (int child = (2 * index) + 1; child <= (2 * index) + 2 && child < _heap.Count; child++)
            {
                last = ComesBefore(_heap[last], _heap[child]) ? child : last;
            }

            if (last == index)
            {
                return;
            }

            (_heap[index], _heap[last]) = (_heap[last], _heap[index]);
            index = last;
        }
    }
}
