using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// A graph of others in ONNX Runtime, on the CPU. What a pass takes is known before the runtime sees the graph or a picture of
/// a new size, and refused if it is too much; a pass that takes too long is ended. Many threads may run it at once.
/// </summary>
internal sealed class RuntimeGraph : IPictureGraph
{
    private readonly InferenceSession _session;

    /// <summary>The graph without its weights.</summary>
    private readonly GraphProto _graph;
    private readonly string _input;
    private readonly IReadOnlyList<string> _outputs;

    private readonly ConcurrentDictionary<(int, int), bool> _admitted = new();

    /// <summary>Makes a session; constants are computed already.</summary>
    /// <param name="model">What <see cref="GraphFile"/> gave; the session takes it over.</param>
    /// <param name="outputs">The names of the outputs to compute.</param>
    /// <param name="width">Width of the first pictures.</param>
    /// <param name="height">Height of the first pictures.</param>
    /// <exception cref="GraphSizesException">The graph does not fit this size.</exception>
    /// <exception cref="GraphRuntimeException">The runtime does not take the graph.</exception>
    /// <exception cref="WeightsFormatException">It would cost more than it may.</exception>
    /// <exception cref="NativeRuntimeException">ONNX Runtime's native library cannot be loaded.</exception>
    public RuntimeGraph(ModelProto model, IReadOnlyList<string> outputs, int width, int height)
    {
        (_graph, _outputs) = (model.Graph, outputs);
        Admit((width, height));
        _session = CreateSession(model.ToByteArray());
        _input = _session.InputMetadata.Keys.Single();
        GraphTensor.Lighten(_graph);
    }

    /// <inheritdoc/>
    public bool IsInterleaved => false;

    /// <inheritdoc/>
    public float[][] Run(float[] picture, int width, int height)
    {
        _admitted.GetOrAdd((width, height), Admit);
        long[] shape = Sizes((width, height));
        using var options = new RunOptions();
        using var clock = new PassClock(options);
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(picture, shape);
        try
        {
            using IDisposableReadOnlyCollection<OrtValue> values = _session.Run(options, [_input], [value], _outputs);
            return [.. values.Select(ToArray)];
        }
        catch (OnnxRuntimeException error) when (clock.HasStruck)
        {
            throw GraphLimits.TooLong(shape, error);
        }
        catch (OnnxRuntimeException error)
        {
            throw new GraphRuntimeException(error.Message, error);
        }
    }

    public void Dispose() => _session.Dispose();

    private static float[] ToArray(OrtValue value) => value.GetTensorTypeAndShape().ElementDataType == TensorElementType.Float
        ? value.GetTensorDataAsSpan<float>().ToArray()
        : throw new WeightsFormatException($"The graph gives numbers of {value.GetTensorTypeAndShape().ElementDataType}, where Float is needed.");

    private static long[] Sizes((int Width, int Height) size) => [1, 3, size.Height, size.Width];

    private bool Admit((int Width, int Height) size)
    {
        GraphCost.Of(_graph, _ => Sizes(size), GraphLimits.For((long)size.Width * size.Height));
        return true;
    }

    /// <summary>Makes a session as graphs of others get it.</summary>
    internal static InferenceSession CreateSession(byte[] graph)
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
        catch (OnnxRuntimeException error)
        {
            throw new GraphRuntimeException(error.Message, error);
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
