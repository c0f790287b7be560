using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.OnnxRuntime;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// A graph of others in ONNX Runtime, on the CPU. What a pass takes is known before the runtime sees the graph or a picture of
/// a new size, and refused if it is too much; a pass that takes too long is ended. Many threads may run it at once.
/// </summary>
internal sealed class BoundedSession : IDisposable
{
    private readonly InferenceSession _session;

    /// <summary>The graph without its weights.</summary>
    private readonly GraphProto _graph;

    private readonly ConcurrentDictionary<(long, long, long, long), bool> _admitted = new();

    /// <summary>Makes a session; constants are computed already.</summary>
    /// <param name="model">What <see cref="GraphFile"/> gave; the session takes it over.</param>
    /// <param name="sizes">Gives the sizes of an input in a first pass.</param>
    /// <param name="limits">What that pass may cost.</param>
    /// <exception cref="GraphSizesException">The graph does not fit these sizes.</exception>
    /// <exception cref="OnnxRuntimeException">The runtime does not take the graph.</exception>
    /// <exception cref="WeightsFormatException">It would cost more than it may.</exception>
    /// <exception cref="NativeRuntimeException">ONNX Runtime's native library cannot be loaded.</exception>
    public BoundedSession(ModelProto model, Func<ValueInfoProto, long[]> sizes, GraphLimits limits)
    {
        GraphCost.Of(model.Graph, sizes, limits);
        _session = CreateSession(model.ToByteArray());
        _graph = model.Graph;
        GraphTensor.Lighten(_graph);
    }

    public IReadOnlyDictionary<string, NodeMetadata> Inputs => _session.InputMetadata;

    public IReadOnlyDictionary<string, NodeMetadata> Outputs => _session.OutputMetadata;

    /// <summary>Computes outputs of a picture.</summary>
    /// <param name="name">The name of the only input.</param>
    /// <param name="picture">Its numbers.</param>
    /// <param name="shape">Its four sizes.</param>
    /// <param name="outputs">The names of the outputs.</param>
    /// <exception cref="WeightsFormatException">The graph does not fit a picture of that size, or takes too much memory or time for it.</exception>
    public IDisposableReadOnlyCollection<OrtValue> Run(string name, float[] picture, long[] shape, IReadOnlyCollection<string> outputs)
    {
        _admitted.GetOrAdd((shape[0], shape[1], shape[2], shape[3]), Admit);
        using var options = new RunOptions();
        using var clock = new PassClock(options);
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(picture, shape);
        try
        {
            return _session.Run(options, [name], [value], outputs);
        }
        catch (OnnxRuntimeException error) when (clock.HasStruck)
        {
            throw new WeightsFormatException(FormattableString.Invariant($"The graph did not finish [{string.Join(", ", shape)}] within {GraphLimits.LongestPass.TotalSeconds} s. Use a smaller network, or a machine that has less to do."), error);
        }
    }

    public void Dispose() => _session.Dispose();

    private bool Admit((long, long, long Height, long Width) size)
    {
        try
        {
            GraphCost.Of(_graph, _ => [size.Item1, size.Item2, size.Height, size.Width], GraphLimits.For(size.Item1 * size.Height * size.Width));
            return true;
        }
        catch (GraphSizesException error)
        {
            throw new WeightsFormatException(error.Message, error);
        }
    }

    private static InferenceSession CreateSession(byte[] graph)
    {
        try
        {
            // Errors come as exceptions; ONNX Runtime would print them as well.
            using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, EnableMemoryPattern = false };

            // Between two photographs its threads would keep the processor busy with waiting.
            options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");

            // Bytes that look like its own format would be read as that, past all that was checked.
            options.AddSessionConfigEntry("session.load_model_format", "ONNX");
            return new InferenceSession(graph, options);
        }
        catch (Exception error) when (error.GetBaseException() is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            throw NativeRuntimeException.OfOnnxRuntime(typeof(InferenceSession).Assembly.GetName().Version!.ToString(3), error);
        }
    }

    /// <summary>Ends a pass that takes too long, between two nodes.</summary>
    private sealed class PassClock : IDisposable
    {
        private readonly Lock _lock = new();
        private readonly Timer _timer;
        private RunOptions? _options;

        public PassClock(RunOptions options)
        {
            _options = options;
            _timer = new Timer(_ => Strike(), state: null, GraphLimits.LongestPass, Timeout.InfiniteTimeSpan);
        }

        public bool HasStruck { get; private set; }

        /// <summary>A timer that fires late finds no options to set.</summary>
        public void Dispose()
        {
            _timer.Dispose();
            lock (_lock)
            {
                _options = null;
            }
        }

        private void Strike()
        {
            lock (_lock)
            {
                if (_options is { } options)
                {
                    HasStruck = true;
                    options.Terminate = true;
                }
            }
        }
    }
}
