using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// A graph of others with any number of outputs, computed on the processor without native code for single pictures of any size: a
/// network for each size, of which the last used ones are kept. Many threads may run it at once.
/// </summary>
internal sealed class PictureGraph : IPictureGraph
{
    /// <summary>Networks that are kept, as long as their weights together are not more than <see cref="MostHeldValues"/>: 128 MiB.</summary>
    private const int MostNetworks = 16;

    private const long MostHeldValues = 1 << 25;

    private readonly ModelProto _model;
    private readonly string _input;
    private readonly IReadOnlyList<string> _outputs;
    private readonly Lock _lock = new();

    // The last used one is the last.
    private readonly List<Sized> _networks = [];
    private readonly Stack<NativeFloats> _rooms = [];
    private bool _isDisposed;

    /// <summary>Makes the network of a first size, which shows whether the graph can be computed here.</summary>
    /// <param name="model">What <see cref="GraphFile"/> gave; it is kept.</param>
    /// <param name="outputs">The names of the outputs to compute.</param>
    /// <param name="width">Width of the first pictures.</param>
    /// <param name="height">Height of the first pictures.</param>
    /// <exception cref="GraphSizesException">The graph does not fit this size.</exception>
    /// <exception cref="WeightsFormatException">A node is none that is computed here, or it takes too much memory or time; the message names the node.</exception>
    public PictureGraph(ModelProto model, IReadOnlyList<string> outputs, int width, int height)
    {
        (_model, _outputs) = (model, outputs);
        HashSet<string> constants = [.. model.Graph.Initializer.Select(tensor => tensor.Name)];
        _input = model.Graph.Input.Single(input => !constants.Contains(input.Name)).Name;
        _networks.Add(new Sized(NetworkOf(width, height), width, height));
    }

    /// <inheritdoc/>
    public bool IsInterleaved => true;

    /// <inheritdoc/>
    public float[][] Run(float[] picture, int width, int height)
    {
        Sized sized = Borrow(width, height);
        NativeFloats? room = null;
        try
        {
            room = TakeRoom(sized.Network.MapValues);
            return sized.Network.Run(picture, room, GraphLimits.LongestPass);
        }
        catch (TimeoutException error)
        {
            throw GraphLimits.TooLong([1, FaceInput.Channels, height, width], error);
        }
        finally
        {
            GiveBack(sized, room);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            Keep(0);
            while (_rooms.TryPop(out NativeFloats? room))
            {
                room.Dispose();
            }
        }
    }

    private PictureNetwork NetworkOf(int width, int height)
    {
        GraphLimits limits = GraphLimits.For((long)width * height);
        var input = new GraphInput(_input, width, height, IsChannelsLast: false);
        GraphCost cost = GraphCost.Of(_model.Graph, _ => input.Sizes, limits);
        GraphReading reading = GraphReader.Read(_model, cost, input, isOnePicture: true, _outputs);
        return new PictureNetwork(reading.Network, reading.Tensors, VectorWidths.Best, () => ProcessorThreads.Count, limits.Bytes);
    }

    private Sized Borrow(int width, int height)
    {
        lock (_lock)
        {
            if (TakeOf(width, height) is { } known)
            {
                return known;
            }
        }

        var made = new Sized(NetworkOf(width, height), width, height) { Users = 1 };
        lock (_lock)
        {
            // Of two threads that made one at once, the first is kept.
            if (TakeOf(width, height) is { } other)
            {
                made.Network.Dispose();
                return other;
            }

            _networks.Add(made);
            Keep(MostNetworks);
            return made;
        }
    }

    private Sized? TakeOf(int width, int height)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_networks.Find(network => network.Width == width && network.Height == height) is not { } known)
        {
            return null;
        }

        _networks.Remove(known);
        _networks.Add(known);
        known.Users++;
        return known;
    }

    /// <summary>Lets the networks go that were not used for the longest time; the last user of one frees it.</summary>
    private void Keep(int count)
    {
        while (_networks.Count > count || (_networks.Count > 1 && _networks.Sum(network => network.Network.HeldValues) > MostHeldValues))
        {
            Sized oldest = _networks[0];
            _networks.RemoveAt(0);
            oldest.IsLeft = true;
            Free(oldest);
        }
    }

    private static void Free(Sized sized)
    {
        if (sized is { IsLeft: true, Users: 0 })
        {
            sized.Network.Dispose();
        }
    }

    private NativeFloats TakeRoom(long values)
    {
        NativeFloats? room;
        lock (_lock)
        {
            _rooms.TryPop(out room);
        }

        if (room is not null && room.Length >= values)
        {
            return room;
        }

        room?.Dispose();
        return new NativeFloats(values);
    }

    private void GiveBack(Sized sized, NativeFloats? room)
    {
        lock (_lock)
        {
            sized.Users--;
            Free(sized);
            if (_isDisposed)
            {
                room?.Dispose();
            }
            else if (room is not null)
            {
                _rooms.Push(room);
            }
        }
    }

    private sealed record Sized(PictureNetwork Network, int Width, int Height)
    {
        public int Users { get; set; }

        /// <summary>Whether it is no longer kept for further pictures.</summary>
        public bool IsLeft { get; set; }
    }
}
