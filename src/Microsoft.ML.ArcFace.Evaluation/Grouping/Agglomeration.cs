using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Progress;

namespace Microsoft.ML.ArcFace.Grouping;

/// <summary>
/// Joins groups of faces, two at a time, those first that are most alike, until no two are left that the rule joins.
/// A group is known by the sum of its faces, so that two groups are compared by one product, however large they are. Only groups
/// are compared that a pair of alike faces connects.
/// </summary>
internal sealed class Agglomeration
{
    private readonly LinkageRule _rule;

    // Faces are the groups 0 to n − 1; each joining makes the next group, at most n − 1 of them. What was joined is let go.
    private readonly float[]?[] _sums;
    private readonly int[] _sizes, _parents;
    private readonly int[]?[] _neighbors;

    /// <summary>The photographs with several faces that a group is on, rising; null: none of its photographs has several.</summary>
    private readonly int[]?[] _photographs;

    private readonly PriorityQueue<(int First, int Second), float> _links = new();
    private readonly int _faceCount;
    private int _groupCount;

    private Agglomeration(float[][] faces, int[]?[] photographs, int[][] neighbors, LinkageRule rule)
    {
        (_rule, _faceCount, _groupCount) = (rule, faces.Length, faces.Length);
        int most = Math.Max(0, (2 * faces.Length) - 1);
        (_sums, _sizes, _photographs) = (new float[most][], new int[most], new int[most][]);
        _parents = [.. Enumerable.Range(0, most)];
        for (int face = 0; face < faces.Length; face++)
        {
            (_sums[face], _sizes[face], _photographs[face]) = (faces[face], 1, photographs[face]);
        }

        _neighbors = new int[most][];
        BothWays(neighbors).CopyTo(_neighbors, 0);
        for (int face = 0; face < neighbors.Length; face++)
        {
            foreach (int other in neighbors[face])
            {
                Offer(face, other);
            }
        }
    }

    /// <summary>Gives each face the number of its group, which says nothing else.</summary>
    /// <param name="faces">Unit vectors of one length.</param>
    /// <param name="photographs">For each face the number of its photograph, in a list of one, if that has several faces; else null.</param>
    /// <param name="neighbors">For each face those behind it that are alike (<see cref="NeighborGraph"/>).</param>
    /// <param name="rule">Which groups are joined.</param>
    /// <param name="observer">Is told how far it is, and may stop it.</param>
    public static int[] Group(float[][] faces, int[]?[] photographs, int[][] neighbors, LinkageRule rule, WorkObserver observer)
    {
        // How many will be joined, nobody knows before.
        using WorkMeter meter = observer.Begin("faces joined", total: null);
        var groups = new Agglomeration(faces, photographs, neighbors, rule);
        while (groups._links.TryDequeue(out (int First, int Second) link, out _))
        {
            // A group that was joined in the meantime has another number now, and was offered with its neighbors under that.
            bool joins = groups._sums[link.First] is not null && groups._sums[link.Second] is not null;
            if (joins)
            {
                groups.Join(link.First, link.Second);
            }

            meter.Advance(joins ? 1 : 0);
        }

        return [.. Enumerable.Range(0, faces.Length).Select(groups.Find)];
    }

    private void Join(int first, int second)
    {
        int joined = _groupCount++;
        _sums[joined] = Sum(first, second);
        _sizes[joined] = _sizes[first] + _sizes[second];
        _photographs[joined] = Union(_photographs[first], _photographs[second]);
        (_parents[first], _parents[second]) = (joined, joined);
        int[] neighbors = [.. _neighbors[first]!.Concat(_neighbors[second]!).Select(Find).Where(group => group != joined).Distinct().Order()];
        _neighbors[joined] = neighbors;
        (_sums[first], _sums[second], _neighbors[first], _neighbors[second], _photographs[first], _photographs[second]) = (null, null, null, null, null, null);
        foreach (int neighbor in neighbors)
        {
            Offer(neighbor, joined);
        }
    }

    private void Offer(int first, int second)
    {
        if (Meet(_photographs[first], _photographs[second]))
        {
            return;
        }

        float product = TensorPrimitives.Dot<float>(_sums[first], _sums[second]);
        if (_rule.Margin(product, _sizes[first], _sizes[second]) is > 0 and var margin)
        {
            _links.Enqueue((first, second), (float)-margin);
        }
    }

    /// <summary>The sum of two groups, in the place of one that is of no more use; faces are not written to.</summary>
    private float[] Sum(int first, int second)
    {
        float[] one = _sums[first]!, other = _sums[second]!;
        float[] sum = first >= _faceCount ? one : second >= _faceCount ? other : new float[one.Length];
        TensorPrimitives.Add(one, other, sum);
        return sum;
    }

    /// <summary>The group that a face or group belongs to by now; shortens the way for the next time.</summary>
    private int Find(int group)
    {
        while (_parents[group] != group)
        {
            _parents[group] = _parents[_parents[group]];
            group = _parents[group];
        }

        return group;
    }

    private static int[][] BothWays(int[][] neighbors)
    {
        int[] counts = new int[neighbors.Length];
        for (int face = 0; face < neighbors.Length; face++)
        {
            counts[face] += neighbors[face].Length;
            foreach (int other in neighbors[face])
            {
                counts[other]++;
            }
        }

        int[][] both = Array.ConvertAll(counts, count => new int[count]);
        Array.Clear(counts);
        for (int face = 0; face < neighbors.Length; face++)
        {
            foreach (int other in neighbors[face])
            {
                both[face][counts[face]++] = other;
                both[other][counts[other]++] = face;
            }
        }

        return both;
    }

    private static int[]? Union(int[]? first, int[]? second) => first is null || second is null ? first ?? second : [.. first.Union(second).Order()];

    private static bool Meet(int[]? first, int[]? second)
    {
        if (first is null || second is null)
        {
            return false;
        }

        for (int i = 0, j = 0; i < first.Length && j < second.Length;)
        {
            if (first[i] == second[j])
            {
                return true;
            }

            _ = first[i] < second[j] ? i++ : j++;
        }

        return false;
    }
}
