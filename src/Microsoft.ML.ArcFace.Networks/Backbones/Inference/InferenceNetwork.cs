using System.Collections.Concurrent;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// A network as it embeds on processors: norms are folded, and every convolution does its bias, PReLU and shortcut on the
/// way, in registers of a width that is chosen at run time. Immutable; any number of threads may embed at once, each with maps
/// of its own.
/// </summary>
internal sealed class InferenceNetwork : IFaceNetwork
{
    /// <summary>Maps of so many rows at most are small against the weights that meet them.</summary>
    private const int SmallHeight = 14;

    /// <summary>
    /// Faces that go through the layers together: few through the first ones, whose maps then stay in the cache, more
    /// through those behind <see cref="_firstSmall"/>, whose weights are fetched, and in bfloat16 reordered by libtorch, once
    /// for all of them. One by one MobileFaceNet takes 1.04 times as long, in bfloat16 1.2 times; four by four, 1.15 times.
    /// </summary>
    private readonly (int Large, int Small) _groupSizes;

    /// <summary>
    /// Whether threads share the steps of a single face. In bfloat16 MobileFaceNet's are too small for libtorch's threads: 4.1 to
    /// 4.5 ms with one, 4.9 to 6.6 with two, which take twice the processor's time.
    /// </summary>
    private readonly bool _sharesSteps;
    private readonly int _firstSmall;

    private readonly FeatureMap _faces;
    private readonly FeatureMap _features;
    private readonly FeatureMap _embedding;
    private readonly int _embeddingSize;
    private readonly Func<int> _threads;
    private readonly IBFloat16Arithmetic? _bfloat16;
    private readonly InferenceStep[] _body;
    private readonly InferenceStep _head;
    private readonly BufferPlan _plan;
    private readonly ConcurrentBag<MapBuffers> _idleBuffers = [];

    /// <summary>Builds the steps of a network from its description and weights.</summary>
    /// <param name="network">The network as it is trained; its input is a face.</param>
    /// <param name="weights">Its weights by name; they are copied.</param>
    /// <param name="width">The registers to compute with, of those that the processor has.</param>
    /// <param name="threads">How many threads may work at a call.</param>
    /// <param name="bfloat16">Multiplies in bfloat16, unless a step of the network knows float32 alone; null for float32 throughout.</param>
    /// <param name="runtime">Computes a graph of others that is not computed here; null: there is nothing that could.</param>
    /// <exception cref="WeightsFormatException">A node cannot be computed; the message names it.</exception>
    public InferenceNetwork(
        NetworkDescription network, IReadOnlyDictionary<string, StateTensor> weights, VectorWidth width, Func<int> threads, IBFloat16Arithmetic? bfloat16 = null, IGraphRuntime? runtime = null)
    {
        FoldedNetwork folded = FoldedNetwork.Of(network, weights);
        bool useBFloat16 = bfloat16 is not null;
        var builder = new InferenceNetworkBuilder(folded, StepFactory.For(width, bfloat16), useBFloat16, runtime: runtime);
        if (useBFloat16 && builder.NeedsSingles)
        {
            (useBFloat16, bfloat16) = (false, null);
            builder = new InferenceNetworkBuilder(folded, StepFactory.For(width, bfloat16), useBFloat16, runtime: runtime);
        }

        _faces = builder.Input;
        _embeddingSize = network.OutputSize;
        InferenceStep[] steps = builder.BuildSteps();
        _embedding = builder.Output;
        (_body, _head) = (steps[..^1], steps[^1]);
        _features = _body[^1].Output;
        _firstSmall = FirstSmallStep(_body);
        try
        {
            _plan = new BufferPlan(_faces, _body, _firstSmall);
        }
        catch
        {
            Array.ForEach(steps, step => step.Dispose());
            throw;
        }

        _threads = threads;
        _bfloat16 = bfloat16;
        Precision = useBFloat16 ? InferencePrecision.BFloat16 : InferencePrecision.Float32;

        // MobileFaceNet and its like, whose channels convolve mostly for themselves.
        bool isMobile = network.Nodes.Any(node => node.Operator == Operators.Convolution && node.Attributes.Number("group", 1) > 1);
        _sharesSteps = !(useBFloat16 && isMobile);
        _groupSizes = (useBFloat16, isMobile) switch
        {
            (false, _) => (1, 4),
            (true, true) => (1, 8),
            (true, false) => (2, 32),
        };
    }

    /// <summary>Tells the arithmetic that computes the network, which may be float32 where bfloat16 was offered.</summary>
    public InferencePrecision Precision { get; }

    /// <summary>Numbers of a face as the network reads it.</summary>
    private int FaceLength => _faces.Height * _faces.Width * _faces.Channels;

    /// <summary>Embeds faces: [count, d], row by row, not normalised.</summary>
    /// <param name="faces">At least count · height · width · 3 bytes.</param>
    /// <param name="count">The number of faces, at least 1.</param>
    public unsafe float[] Embed(ReadOnlySpan<byte> faces, int count)
    {
        fixed (byte* start = faces[..(count * FaceLength)])
        {
            return Embed(new PixelSource((nint)start, AreBytes: true), count);
        }
    }

    /// <summary>The same from values of −1 to 1, [count, height, width, 3].</summary>
    public unsafe float[] Embed(ReadOnlySpan<float> faces, int count)
    {
        fixed (float* start = faces[..(count * FaceLength)])
        {
            return Embed(new PixelSource((nint)start, AreBytes: false), count);
        }
    }

    private unsafe float[] Embed(PixelSource faces, int count)
    {
        int threads = _threads();
        int featureLength = _features.ImageStride, rowLength = _embedding.ImageStride;
        using var features = new NativeFloats((long)count * featureLength);
        using var rows = new NativeFloats((long)count * rowLength);

        // Groups of faces side by side; where there are fewer than threads, these share the work of each step.
        int groups = Math.Max((count + _groupSizes.Small - 1) / _groupSizes.Small, Math.Min(threads, count));
        int threadsOfGroup = groups >= threads || !_sharesSteps ? 1 : threads;
        ParallelLoop.Run(groups, threadsOfGroup == 1 ? threads : 1, group =>
        {
            int first = (int)((long)count * group / groups), images = (int)((long)count * (group + 1) / groups) - first;
            using IDisposable? share = _bfloat16?.ShareThreads(threadsOfGroup);
            RunBody(faces, first, images, threadsOfGroup, new MapMemory((nint)(features.Data + ((nint)first * featureLength))));
        });
        RunStep(_head, new StepMemory(new MapMemory((nint)features.Data), new MapMemory((nint)rows.Data), default), count, threads);

        var embeddings = new float[count * _embeddingSize];
        for (int row = 0; row < count; row++)
        {
            new ReadOnlySpan<float>(rows.Data + ((nint)row * rowLength), _embeddingSize).CopyTo(embeddings.AsSpan(row * _embeddingSize));
        }

        return embeddings;
    }

    public void Dispose()
    {
        while (_idleBuffers.TryTake(out MapBuffers? buffers))
        {
            buffers.Dispose();
        }

        Array.ForEach(_body, step => step.Dispose());
        _head.Dispose();
    }

    /// <summary>From the pixels of some faces to their last feature maps.</summary>
    private void RunBody(PixelSource faces, int first, int images, int threads, MapMemory features)
    {
        if (!_idleBuffers.TryTake(out MapBuffers? buffers) || buffers.Images < images)
        {
            buffers?.Dispose();
            buffers = _plan.Allocate(Math.Min(images, _groupSizes.Large), images, _bfloat16);
        }

        for (int begin = 0; begin < images; begin += _groupSizes.Large)
        {
            int some = Math.Min(_groupSizes.Large, images - begin);
            _faces.FillBorder(buffers.Of(_faces).Address, some);
            CopyPixels(faces, first + begin, buffers.Of(_faces), some);
            RunSteps(_body.AsSpan(0, _firstSmall), begin, some, threads, buffers, features);
        }

        RunSteps(_body.AsSpan(_firstSmall), 0, images, threads, buffers, features);
        _idleBuffers.Add(buffers);
    }

    /// <summary>Computes steps for some images; the map that the small steps begin with holds more, and these from <paramref name="begin"/> on.</summary>
    private void RunSteps(ReadOnlySpan<InferenceStep> steps, int begin, int images, int threads, MapBuffers buffers, MapMemory features)
    {
        MapMemory At(FeatureMap? map) => map is null ? default : map == _features ? features : buffers.Of(map);
        foreach (InferenceStep step in steps)
        {
            MapMemory output = At(step.Output);
            output = output with { Address = output.Address + ((nint)begin * (step == _body[_firstSmall - 1] ? step.Output.ImageBytes : 0)) };
            step.Output.FillBorder(output.Address, images);
            RunStep(step, new StepMemory(At(step.Input), output, At(step.Shortcut)), images, threads);
        }
    }

    /// <summary>The first step behind a small map that no later step reads past; where there is none, all are of large maps.</summary>
    private static int FirstSmallStep(InferenceStep[] steps)
    {
        for (int first = 1; first < steps.Length; first++)
        {
            FeatureMap[] later = [.. steps[(first - 1)..].Select(step => step.Output)];
            if (later[0].Height <= SmallHeight && steps[first..].All(step => later.Contains(step.Input) && (step.Shortcut is null || later.Contains(step.Shortcut))))
            {
                return first;
            }
        }

        return steps.Length;
    }

    private static void RunStep(InferenceStep step, StepMemory memory, int images, int threads)
    {
        int parts = step.PartCount(images), slices = Math.Min(threads, parts);
        ParallelLoop.Run(slices, threads, slice => step.Run(memory, images, (int)((long)parts * slice / slices), (int)((long)parts * (slice + 1) / slices)));
    }

    /// <summary>Pixels of some faces to numbers from −1 to 1 within the border: the one copy that is made of them.</summary>
    private unsafe void CopyPixels(PixelSource faces, int first, MapMemory pixels, int images)
    {
        int rowLength = _faces.Width * FaceInput.Channels;
        for (int line = 0; line < images * _faces.Height; line++)
        {
            (int image, int row) = Math.DivRem(line, _faces.Height);
            faces.CopyTo((((nint)first * _faces.Height) + line) * rowLength, new Span<float>((float*)pixels.Address + _faces.Offset(image, row, 0), rowLength));
        }
    }

    /// <summary>Interleaved faces, one after the other, as bytes or as numbers from −1 to 1.</summary>
    private readonly unsafe record struct PixelSource(nint Address, bool AreBytes)
    {
        public void CopyTo(nint begin, Span<float> values)
        {
            if (AreBytes)
            {
                FaceInput.Normalize(new ReadOnlySpan<byte>((byte*)Address + begin, values.Length), values);
            }
            else
            {
                new ReadOnlySpan<float>((float*)Address + begin, values.Length).CopyTo(values);
            }
        }
    }
}
