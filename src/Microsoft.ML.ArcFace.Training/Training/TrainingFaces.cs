using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>A batch as the input side hands it over.</summary>
/// <param name="Pixels">Those of all views one after the other; views without a label come last.</param>
/// <param name="Labels">The classes of those that have one.</param>
/// <param name="Taught">What a teacher makes of each view, row by row; null where there is none.</param>
internal sealed record FaceBatch(byte[] Pixels, long[] Labels, float[]? Taught = null)
{
    /// <summary>Views, with and without a label.</summary>
    public int ViewCount => Pixels.Length / FaceTensor.ByteCount;
}

/// <summary>
/// The photographs of a training run. The first pass over the data decodes them, finds out who there is and checks
/// that it can be trained on; what fits the cache stays in memory, a larger set is read again in each epoch.
/// </summary>
internal sealed class TrainingFaces : IRunPart
{
    /// <summary>What checkpoints call the photographs that are left out, by their place in the data.</summary>
    public const string LeftOutName = "left_out";

    // Rows shuffled among each other when the set does not fit into memory. The first step waits until the pool is full.
    private const int SmallestShufflePool = 1024, LargestShufflePool = 16_384;

    private readonly IHost _host;
    private readonly IDataView _data;
    private readonly DataViewSchema.Column _imageColumn;
    private readonly DataViewSchema.Column _labelColumn;

    private HashSet<int> _leftOut = [];

    private TrainingFaces(IHost host, IDataView data, DataViewSchema.Column imageColumn, DataViewSchema.Column labelColumn, FaceLabels labels, int shufflePool)
    {
        _host = host;
        _data = data;
        _imageColumn = imageColumn;
        _labelColumn = labelColumn;
        ShufflePool = shufflePool;
        Labels = labels;
    }

    public FaceLabels Labels { get; }

    /// <summary>How many photographs can be trained on.</summary>
    public int Count { get; private set; }

    /// <summary>Photographs that are no aligned faces of 112×112 pixels.</summary>
    public long UnalignedCount { get; private set; }

    /// <summary>Rows that are shuffled among each other where the set does not fit the cache.</summary>
    public int ShufflePool { get; }

    /// <summary>What tells this set from any other (<see cref="DataFingerprint"/>), where checkpoints are written; otherwise null.</summary>
    public string? Fingerprint { get; private set; }

    /// <summary>All of them, if they fit the cache.</summary>
    public IReadOnlyList<(byte[] Pixels, int Label)>? Cached { get; private set; }

    /// <summary>Reads the data once.</summary>
    /// <exception cref="InvalidOperationException">There is nothing to learn from; the message says what and how to mend it.</exception>
    public static TrainingFaces Read(IHost host, IChannel channel, IDataView data, TrainingSetup setup, WorkObserver observer)
    {
        DataViewSchema.Column imageColumn = FacePixelReader.Column(host, data.Schema, setup.ImageColumnName);
        DataViewSchema.Column labelColumn = FaceLabels.Column(host, data.Schema, setup.LabelColumnName);
        FaceLabels labels = FaceLabels.Read(data, labelColumn);

        long cacheBytes = setup.ImageCacheBytes ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 3;
        int capacity = (int)Math.Min(cacheBytes / FaceTensor.ByteCount, Array.MaxLength);
        var faces = new TrainingFaces(host, data, imageColumn, labelColumn, labels, Math.Clamp(capacity, SmallestShufflePool, LargestShufflePool));
        faces.FirstPass(channel, setup, capacity, observer);
        return faces;
    }

    /// <summary>The faces of one epoch in the order of its seed: each once.</summary>
    public IEnumerable<(byte[] Pixels, int Label)> Shuffled(int seed)
    {
        var random = new Random(seed);
        if (Cached is not { } cached)
        {
            return ReadShuffled(random);
        }

        return Permutation(cached.Count, random).Select(index => cached[index]);
    }

    /// <summary>The faces of one epoch, so that each batch holds K photographs of each of its people.</summary>
    public IEnumerable<(byte[] Pixels, int Label)> ShuffledByPerson(int seed, int batchSize, int photographsPerPerson)
    {
        // A set that does not fit into memory is sampled pool by pool.
        var random = new Random(seed);
        IEnumerable<IReadOnlyList<(byte[] Pixels, int Label)>> pools = Cached is { } cached ? [cached] : ReadShuffled(random).Chunk(Math.Max(ShufflePool, batchSize));
        foreach (IReadOnlyList<(byte[] Pixels, int Label)> pool in pools)
        {
            foreach (int index in PeopleSampler.Order([.. pool.Select(face => face.Label)], batchSize, photographsPerPerson, random))
            {
                yield return pool[index];
            }
        }
    }

    /// <summary>All faces once, in the order of the data.</summary>
    public IEnumerable<(byte[] Pixels, int Label)> InOrder() => Cached ?? ReadAccepted(rand: null);

    /// <summary>The same set without some photographs, given by their place in <see cref="InOrder"/>.</summary>
    public TrainingFaces Without(IReadOnlySet<int> places)
    {
        // A set without any left out so far: places in it are places in the data.
        var faces = new TrainingFaces(_host, _data, _imageColumn, _labelColumn, Labels, ShufflePool)
        {
            _leftOut = [.. places],
            Count = Count - places.Count,
            UnalignedCount = UnalignedCount,
            Fingerprint = Fingerprint,
            Cached = Cached?.Where((_, place) => !places.Contains(place)).ToList(),
        };
        return faces;
    }

    /// <summary>Saves which photographs are left out. A run that goes on has left them out before it loads (<see cref="Checkpoint.LeftOut"/>).</summary>
    public void Transfer(RunState state) => state.Tensors([(LeftOutName, tensor(_leftOut.Order().Select(place => (long)place).ToArray()))]);

    private void FirstPass(IChannel channel, TrainingSetup setup, int capacity, WorkObserver observer)
    {
        var preflight = new TrainingPreflight(Labels, setup, "training set");
        var alignment = new AlignmentCheck(setup.RequireAligned);
        var cache = new List<(byte[] Pixels, int Label)>();
        using DataFingerprint? fingerprint = DataFingerprint.Begin(setup, Labels);

        // What is known to be too much is not gathered until the cache is full.
        bool mayFit = !(_data.GetRowCount() > capacity);
        foreach ((byte[]? pixels, int label, Func<string>? name) in observer.Watch(ReadRows(rand: null, ImageOrigin.KeyColumn(_data.Schema), alignment), "photographs decoded", _data.GetRowCount()))
        {
            setup.CancellationToken.ThrowIfCancellationRequested();
            if (!preflight.Accept(pixels, label, name))
            {
                continue;
            }

            Count++;
            fingerprint?.Add(pixels!, label);
            if (mayFit && Count <= capacity)
            {
                cache.Add((pixels!, label));
            }
            else if (cache.Count > 0)
            {
                cache = [];
            }
        }

        preflight.CheckRows(channel);
        preflight.CheckPeople(channel);
        preflight.CheckAlignment(channel, alignment);
        UnalignedCount = alignment.UnalignedCount;
        Cached = mayFit && Count <= capacity ? cache : null;
        Fingerprint = fingerprint?.Text();
        channel.Info(Cached is null
            ? $"{Counted.Of(Count, "photograph")} of {Counted.People(Labels.Count)}; more than the cache of {capacity} holds, so they are read again in each epoch."
            : $"{Counted.Of(Count, "photograph")} of {Counted.People(Labels.Count)}, decoded and kept in memory.");
    }

    /// <summary>A pool is filled, and each further face takes the place of a random one, which is given out.</summary>
    private IEnumerable<(byte[] Pixels, int Label)> ReadShuffled(Random random)
    {
        var pool = new List<(byte[] Pixels, int Label)>();
        foreach ((byte[] Pixels, int Label) face in ReadAccepted(_data.CanShuffle && _leftOut.Count == 0 ? random : null))
        {
            if (pool.Count < ShufflePool)
            {
                pool.Add(face);
                continue;
            }

            int place = random.Next(pool.Count);
            (byte[], int) leaving = pool[place];
            pool[place] = face;
            yield return leaving;
        }

        foreach (int place in Permutation(pool.Count, random))
        {
            yield return pool[place];
        }
    }

    /// <summary>The rows that can be trained on, less those left out (which are counted in the order of the data).</summary>
    private IEnumerable<(byte[] Pixels, int Label)> ReadAccepted(Random? rand)
    {
        int place = 0;
        foreach ((byte[]? pixels, int label, _) in ReadRows(rand))
        {
            if (pixels is not null && label >= 0 && !_leftOut.Contains(place++))
            {
                yield return (pixels, label);
            }
        }
    }

    /// <summary>Reads all rows and, where <paramref name="nameColumn"/> is given, the name of the last one for messages.</summary>
    private IEnumerable<(byte[]? Pixels, int Label, Func<string>? Name)> ReadRows(Random? rand, DataViewSchema.Column? nameColumn = null, AlignmentCheck? alignment = null)
    {
        using DataViewRowCursor cursor = _data.GetRowCursor([_imageColumn, _labelColumn, .. nameColumn is { } column ? [column] : Array.Empty<DataViewSchema.Column>()], rand);
        Func<string>? getName = nameColumn is { } named ? ImageOrigin.CreateGetter(cursor, named) : null;
        FacePixelReader.Getter getFace = FacePixelReader.Create(cursor, _imageColumn, (image, name) => alignment?.IsAligned(image, getName ?? name));
        Func<int> getLabel = Labels.CreateGetter(cursor, _labelColumn);
        while (cursor.MoveNext())
        {
            byte[] pixels = GC.AllocateUninitializedArray<byte>(FaceTensor.ByteCount);
            bool isReadable = getFace(pixels);
            yield return (isReadable ? pixels : null, getLabel(), getName);
        }
    }

    private static int[] Permutation(int count, Random random)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        random.Shuffle(order);
        return order;
    }
}
