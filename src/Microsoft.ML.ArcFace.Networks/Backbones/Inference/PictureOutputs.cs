using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// A network with the ends of its outputs cut off: what is done to single numbers last, and how they are arranged, is done while an
/// output is copied out of its map. Convolutions over one map that only make outputs are joined, so that their channels fill
/// registers together: the heads of detectors have 1 to 10 channels each.
/// </summary>
/// <param name="Folded">The network that is left; its outputs are the values of <paramref name="Ends"/>.</param>
/// <param name="Ends">One for each output.</param>
internal sealed record PictureOutputs(FoldedNetwork Folded, IReadOnlyList<OutputEnd> Ends)
{
    /// <summary>Cuts the ends off and joins the convolutions before them.</summary>
    public static PictureOutputs Of(FoldedNetwork folded)
    {
        NetworkDescription network = folded.Network;
        OutputEnd[] ends = [.. network.Outputs.Select(output => EndOf(network, output))];
        HashSet<NetworkNode> cut = [.. ends.SelectMany(end => end.Nodes)];
        var outputs = new PictureOutputs(folded, ends).With([.. network.Nodes.Where(node => !cut.Contains(node))], ends, new Dictionary<string, StateTensor>());
        foreach (string value in outputs.Folded.Network.Nodes.Select(node => node.Input).Distinct().ToArray())
        {
            outputs = outputs.Joined([.. outputs.Folded.Network.ReadersOf(value).Select(outputs.HeadFrom).OfType<Head>()]);
        }

        return outputs;
    }

    /// <summary>The nodes that nothing but an output reads and that work on numbers for themselves.</summary>
    private static OutputEnd EndOf(NetworkDescription network, string output)
    {
        var nodes = new LinkedList<NetworkNode>();
        string value = output;
        while (network.ProducerOf(value) is { } node && OutputEnd.CanTake(node) && (value == output ? !network.ReadersOf(value).Any() : network.OnlyReaderOf(value, nodes.First!.Value.Operator) is not null))
        {
            nodes.AddFirst(node);
            value = node.Input;
        }

        return new OutputEnd(value, [.. nodes]);
    }

    /// <summary>The head that begins with a node: a convolution over all channels, perhaps one of every channel for itself, then outputs alone.</summary>
    private Head? HeadFrom(NetworkNode first)
    {
        NetworkDescription network = Folded.Network;
        if (first.Operator != Operators.Convolution || first.Attributes.Number("group", 1) != 1)
        {
            return null;
        }

        NetworkNode? second = network.OnlyReaderOf(first.Output, Operators.Convolution);
        bool isSeparable = second is not null && second.Attributes.Number("group", 1) == Channels(first) && Channels(second) == Channels(first);
        string last = isSeparable ? second!.Output : first.Output;
        return network.IsOutput(last) && !network.ReadersOf(last).Any() ? new Head(first, isSeparable ? second : null, (int)Channels(first)) : null;
    }

    /// <summary>Joins heads that differ in nothing but their channels, where these take fewer registers together.</summary>
    private PictureOutputs Joined(IReadOnlyList<Head> candidates)
    {
        if (candidates.Count == 0)
        {
            return this;
        }

        Head[] heads = [.. candidates.Where(head => HaveOneWindow(head.First, candidates[0].First) && (head.Second is null) == (candidates[0].Second is null) && (head.Second is null || HaveOneWindow(head.Second, candidates[0].Second!)))];
        if (FeatureMap.ChannelsInMemory(heads.Sum(head => head.Channels)) >= heads.Sum(head => FeatureMap.ChannelsInMemory(head.Channels)))
        {
            return this;
        }

        var tensors = new Dictionary<string, StateTensor>();
        NetworkNode first = Join([.. heads.Select(head => head.First)], heads[0].First.Input, groups: 1, tensors);
        NetworkNode? second = heads[0].Second is null ? null : Join([.. heads.Select(head => head.Second!)], first.Output, heads.Sum(head => head.Channels), tensors);
        string joined = (second ?? first).Output;
        long begin = 0;
        OutputEnd[] ends = [.. Ends];
        foreach (Head head in heads)
        {
            long end = begin + head.Channels;
            var part = new NetworkNode(Operators.Slice, head.First.Name, [joined], [(head.Second ?? head.First).Output])
            {
                Attributes = new NodeAttributes(new Dictionary<string, object> { ["starts"] = new[] { begin }, ["ends"] = new[] { end }, ["axes"] = new[] { 1L }, ["steps"] = new[] { 1L } }),
            };
            ends = Array.ConvertAll(ends, other => other.Value == part.Output ? new OutputEnd(joined, [part, .. other.Nodes]) : other);
            begin = end;
        }

        // In the place of the first ones; what they read stands before these.
        HashSet<NetworkNode> replaced = [.. heads.Select(head => head.First), .. heads.Select(head => head.Second).OfType<NetworkNode>()];
        var nodes = new List<NetworkNode>();
        foreach (NetworkNode node in Folded.Network.Nodes)
        {
            if (node == heads[0].First)
            {
                nodes.AddRange(new[] { first, second }.OfType<NetworkNode>());
            }
            else if (!replaced.Contains(node))
            {
                nodes.Add(node);
            }
        }

        return With(nodes, ends, tensors);
    }

    private long Channels(NetworkNode convolution) => Folded.Network.ShapeOf(convolution.Inputs[1])[0];

    private bool HaveOneWindow(NetworkNode one, NetworkNode other)
    {
        long[] left = Folded.Network.ShapeOf(one.Inputs[1]), right = Folded.Network.ShapeOf(other.Inputs[1]);
        return left.AsSpan(1).SequenceEqual(right.AsSpan(1)) && ConvolutionWindow.Of(one, left[2], left[3]) == ConvolutionWindow.Of(other, right[2], right[3]);
    }

    /// <summary>One convolution with the outputs of several.</summary>
    private NetworkNode Join(IReadOnlyList<NetworkNode> convolutions, string input, long groups, Dictionary<string, StateTensor> tensors)
    {
        NetworkNode first = convolutions[0];
        StateTensor[] weights = [.. convolutions.Select(node => Folded.Tensors[node.Inputs[1]])];
        StateTensor[] biases = [.. convolutions.Zip(weights, (node, weight) => node.Inputs.Count > 2 ? Folded.Tensors[node.Inputs[2]] : PlainTensor.Of([weight.Shape[0]], new float[weight.Shape[0]]))];
        string name = first.Output + ".joined", weightName = name + ".weight", biasName = name + ".bias";
        (tensors[weightName], tensors[biasName]) = (Join(weights), Join(biases));
        var attributes = new Dictionary<string, object>(first.Attributes.Values) { ["group"] = groups };
        return first with { Inputs = [input, weightName, biasName], Outputs = [name], Attributes = new NodeAttributes(attributes) };
    }

    /// <summary>A tensor with the rows of several.</summary>
    private static StateTensor Join(IReadOnlyList<StateTensor> parts) => new ComputedTensor([parts.Sum(part => part.Shape[0]), .. parts[0].Shape[1..]], (first, rows) =>
    {
        int length = (int)parts[0].RowLength, end = first + (rows.Length / length), begin = 0;
        foreach (StateTensor part in parts)
        {
            int from = Math.Max(first, begin), to = Math.Min(end, begin + (int)part.Shape[0]);
            if (from < to)
            {
                part.CopyRows(from - begin, rows.Slice((from - first) * length, (to - from) * length));
            }

            begin += (int)part.Shape[0];
        }
    });

    /// <summary>The same with other nodes, and with the tensors that these read.</summary>
    private PictureOutputs With(IReadOnlyList<NetworkNode> nodes, IReadOnlyList<OutputEnd> ends, IReadOnlyDictionary<string, StateTensor> added)
    {
        NetworkDescription network = Folded.Network;
        var tensors = Folded.Tensors.Concat(added).ToDictionary();
        NetworkTensor[] described = [.. tensors.Select(entry => new NetworkTensor(entry.Key, entry.Value.Shape, TensorKind.FixedWeight))];
        var left = new NetworkDescription(network.Name, network.Input, network.ShapeOf(network.Input), nodes, described, [.. ends.Select(end => end.Value).Distinct()]);
        return new PictureOutputs(new FoldedNetwork(left, tensors), ends);
    }

    /// <summary>Convolutions that only make outputs.</summary>
    /// <param name="First">Over all channels.</param>
    /// <param name="Second">Of every channel for itself; null for none.</param>
    /// <param name="Channels">What both make.</param>
    private sealed record Head(NetworkNode First, NetworkNode? Second, int Channels);
}
