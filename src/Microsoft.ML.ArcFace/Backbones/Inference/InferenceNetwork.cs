using System.Collections.Concurrent;
using Microsoft.ML.ArcFace.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// A backbone as it embeds on processors with AVX-512, in float32 and without libtorch: norms are folded, and every
/// convolution does its bias, PReLU and shortcut while the sums are in registers. Immutable; any number of threads may
/// embed at once, each with a workspace of its own.
/// </summary>
internal sealed class InferenceNetwork : IDisposable
{
    /// <summary>
    /// Faces that go through the layers together. The weights of IResNet (60 to 150 MB) come from memory once for each
    /// such group, its maps stay in the cache; those of MobileFaceNet (8 MB) stay there too, so that one face is best.
    /// </summary>
    private readonly int _groupSize;
    private readonly FeatureMap _faces;
    private readonly FeatureMap _features;
    private readonly FeatureMap _embedding;
    private readonly int _embeddingSize;
    private readonly InferenceStep[] _body;
    private readonly InferenceStep _head;
    private readonly long[] _bufferLengths;
    private readonly ConcurrentBag<NativeFloats[]> _workspaces = [];

    private InferenceNetwork(FaceBackbone backbone)
    {
        var state = new BackboneState(backbone);
        var builder = new InferenceNetworkBuilder(state);
        _faces = builder.Faces;
        _embedding = FoldedBackbone.Build(state, backbone.Architecture, builder.Faces, builder);
        _embeddingSize = backbone.EmbeddingSize;
        (_body, _head) = ([.. builder.Steps.SkipLast(1)], builder.Steps[^1]);
        _features = _body[^1].Output;
        bool isMobile = backbone.Architecture is BackboneArchitecture.MobileFaceNet or BackboneArchitecture.MobileFaceNetLarge;
        _groupSize = int.TryParse(Environment.GetEnvironmentVariable("GROUP"), out int g) ? g : isMobile ? 1 : 4;
        _bufferLengths = AssignBuffers();
    }

    /// <summary>Whether this backbone can be computed so: one of the published networks, on a processor with AVX-512.</summary>
    public static bool Fits(FaceBackbone backbone, Device device) =>
        ConvolutionTile.IsSupported && device.type == TorchSharp.DeviceType.CPU && backbone is (IResNet or MobileFaceNet);

    /// <summary>Copies the weights of a backbone in evaluation mode.</summary>
    public static InferenceNetwork From(FaceBackbone backbone) => new(backbone);

    /// <summary>Embeds faces: [count, d], row by row, not normalised.</summary>
    /// <param name="faces">At least count · <see cref="FaceTensor.ByteCount"/> bytes.</param>
    /// <param name="count">The number of faces, at least 1.</param>
    public unsafe float[] Embed(ReadOnlySpan<byte> faces, int count)
    {
        fixed (byte* start = faces[..(count * FaceTensor.ByteCount)])
        {
            return Embed(new PixelSource((nint)start, AreBytes: true), count);
        }
    }

    /// <summary>The same from values of −1 to 1, [count, 112, 112, 3].</summary>
    public unsafe float[] Embed(ReadOnlySpan<float> faces, int count)
    {
        fixed (float* start = faces[..(count * FaceTensor.ByteCount)])
        {
            return Embed(new PixelSource((nint)start, AreBytes: false), count);
        }
    }

    private unsafe float[] Embed(PixelSource faces, int count)
    {
        int threads = get_num_threads();
        int featureLength = _features.ImageStride, rowLength = _embedding.ImageStride;
        using var features = new NativeFloats((long)count * featureLength);
        using var rows = new NativeFloats((long)count * rowLength);

        // Groups of faces side by side; where there are fewer than threads, these share the work of each step.
        int groups = Math.Max((count + _groupSize - 1) / _groupSize, Math.Min(threads, count));
        int threadsOfGroup = groups >= threads ? 1 : threads;
        ForEach(groups, threadsOfGroup == 1 ? threads : 1, group =>
        {
            int first = (int)((long)count * group / groups), images = (int)((long)count * (group + 1) / groups) - first;
            RunBody(faces, first, images, threadsOfGroup, features.Data + ((nint)first * featureLength));
        });
        RunStep(_head, new StepMemory((nint)features.Data, (nint)rows.Data, 0), count, threads);

        var embeddings = new float[count * _embeddingSize];
        for (int row = 0; row < count; row++)
        {
            new ReadOnlySpan<float>(rows.Data + ((nint)row * rowLength), _embeddingSize).CopyTo(embeddings.AsSpan(row * _embeddingSize));
        }

        return embeddings;
    }

    public void Dispose()
    {
        while (_workspaces.TryTake(out NativeFloats[]? workspace))
        {
            Array.ForEach(workspace, buffer => buffer.Dispose());
        }

        Array.ForEach(_body, step => step.Dispose());
        _head.Dispose();
    }

    /// <summary>From the pixels of some faces to their last feature maps.</summary>
    private unsafe void RunBody(PixelSource faces, int first, int images, int threads, float* features)
    {
        if (!_workspaces.TryTake(out NativeFloats[]? workspace))
        {
            workspace = Array.ConvertAll(_bufferLengths, length => new NativeFloats(length * _groupSize));
        }

        float* At(FeatureMap? map) => map is null ? null : map == _features ? features : workspace[map.Buffer].Data;
        _faces.FillBorder(At(_faces), images);
        CopyPixels(faces, first, At(_faces), images);
        foreach (InferenceStep step in _body)
        {
            step.Output.FillBorder(At(step.Output), images);
            RunStep(step, new StepMemory((nint)At(step.Input), (nint)At(step.Output), (nint)At(step.Shortcut)), images, threads);
        }

        _workspaces.Add(workspace);
    }

    private static void RunStep(InferenceStep step, StepMemory memory, int images, int threads)
    {
        int parts = step.PartCount(images), slices = Math.Min(threads, parts);
        ForEach(slices, threads, slice => step.Run(memory, images, (int)((long)parts * slice / slices), (int)((long)parts * (slice + 1) / slices)));
    }

    private static void ForEach(int count, int threads, Action<int> action)
    {
        if (threads > 1 && count > 1)
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, action);
            return;
        }

        for (int number = 0; number < count; number++)
        {
            action(number);
        }
    }

    /// <summary>Pixels of some faces to numbers from −1 to 1 within the border: the one copy that is made of them.</summary>
    private unsafe void CopyPixels(PixelSource faces, int first, float* pixels, int images)
    {
        const int rowLength = FaceTensor.Size * FaceTensor.Channels;
        for (int line = 0; line < images * FaceTensor.Size; line++)
        {
            (int image, int row) = Math.DivRem(line, FaceTensor.Size);
            faces.CopyTo((((nint)first * FaceTensor.Size) + line) * rowLength, new Span<float>(pixels + _faces.Offset(image, row, 0), rowLength));
        }
    }

    /// <summary>Gives every map a buffer that no map holds which is still to be read.</summary>
    /// <returns>Values of each buffer for one image.</returns>
    private long[] AssignBuffers()
    {
        var lengths = new List<long>();
        var free = new List<int>();
        Hold(_faces);
        for (int number = 0; number < _body.Length; number++)
        {
            InferenceStep step = _body[number];
            Hold(step.Output);
            foreach (FeatureMap map in new[] { step.Input, step.Shortcut }.OfType<FeatureMap>().Distinct())
            {
                if (!_body.Skip(number + 1).Any(later => later.Input == map || later.Shortcut == map))
                {
                    free.Add(map.Buffer);
                }
            }
        }

        return [.. lengths];

        void Hold(FeatureMap map)
        {
            // The smallest free one that is large enough, or else the largest, which grows.
            if (free.Count == 0)
            {
                free.Add(lengths.Count);
                lengths.Add(0);
            }

            int[] candidates = [.. free.OrderBy(buffer => lengths[buffer])];
            int chosen = candidates.FirstOrDefault(buffer => lengths[buffer] >= map.ImageStride, candidates[^1]);
            free.Remove(chosen);
            lengths[chosen] = Math.Max(lengths[chosen], map.ImageStride);
            map.Buffer = chosen;
        }
    }

    /// <summary>Interleaved faces, one after the other, as bytes or as numbers from −1 to 1.</summary>
    private readonly unsafe record struct PixelSource(nint Address, bool AreBytes)
    {
        public void CopyTo(nint begin, Span<float> values)
        {
            if (AreBytes)
            {
                FaceTensor.Normalize(new ReadOnlySpan<byte>((byte*)Address + begin, values.Length), values);
            }
            else
            {
                new ReadOnlySpan<float>((float*)Address + begin, values.Length).CopyTo(values);
            }
        }
    }
}
