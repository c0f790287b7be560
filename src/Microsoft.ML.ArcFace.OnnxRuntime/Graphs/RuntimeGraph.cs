using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Runtime;
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
    private readonly TensorElementType _inputType;
    private readonly IReadOnlyList<string> _outputs;
    private readonly long _fileBytes;

    private readonly ConcurrentDictionary<(int, int), bool> _admitted = new();

    /// <summary>Makes a session; constants are computed already.</summary>
    /// <param name="model">What <see cref="GraphFile"/> gave; the session takes it over.</param>
    /// <param name="outputs">The names of the outputs to compute; other values of the graph may be among them.</param>
    /// <param name="width">Width of the first pictures.</param>
    /// <param name="height">Height of the first pictures.</param>
    /// <param name="isInterleaved">Whether the graph reads [1, height, width, 3]; else [1, 3, height, width].</param>
    /// <param name="fileBytes">Bytes of a file that may be as large as a recognizer's, whose numbers do not count against the limits.</param>
    /// <exception cref="GraphSizesException">The graph does not fit this size.</exception>
    /// <exception cref="GraphRuntimeException">The runtime does not take the graph.</exception>
    /// <exception cref="WeightsFormatException">It would cost more than it may.</exception>
    /// <exception cref="NativeRuntimeException">ONNX Runtime's native library cannot be loaded.</exception>
    public RuntimeGraph(ModelProto model, IReadOnlyList<string> outputs, int width, int height, bool isInterleaved = false, long fileBytes = 0)
    {
        (_graph, _outputs, IsInterleaved, _fileBytes) = (model.Graph, outputs, isInterleaved, fileBytes);
        GraphCost cost = CostOf((width, height));
        foreach (string further in outputs.Except(_graph.Output.Select(output => output.Name)))
        {
            GraphValue value = cost.Values.GetValueOrDefault(further) ?? throw new WeightsFormatException($"The graph has no value '{further}'.");
            _graph.Output.Add(new ValueInfoProto { Name = further, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)value.Type } } });
        }

        _admitted[(width, height)] = true;
        _session = CreateSession(model.ToByteArray());
        (_input, NodeMetadata input) = _session.InputMetadata.Single();
        _inputType = input.ElementDataType;
        GraphTensor.Lighten(_graph);
    }

    /// <inheritdoc/>
    public bool IsInterleaved { get; }

    /// <inheritdoc/>
    public float[][] Run(float[] picture, int width, int height)
    {
        _admitted.GetOrAdd((width, height), Admit);
        long[] shape = Sizes((width, height));
        using var options = new RunOptions();
        using var clock = new PassClock(options);
        using OrtValue value = ToValue(picture, shape);
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

    /// <summary>Gives numbers in the type that the graph reads.</summary>
    private OrtValue ToValue(float[] numbers, long[] shape) => _inputType switch
    {
        TensorElementType.Float => OrtValue.CreateTensorValueFromMemory(numbers, shape),
        TensorElementType.Double => OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(numbers, number => (double)number), shape),
        TensorElementType.Float16 => OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(numbers, number => new Float16(BitConverter.HalfToUInt16Bits((Half)number))), shape),
        TensorElementType.UInt8 => OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(numbers, number => (byte)Math.Clamp(MathF.Round(number), byte.MinValue, byte.MaxValue)), shape),
        _ => throw new WeightsFormatException($"The graph reads numbers of {_inputType}, where Float, Float16, Double or UInt8 is needed."),
    };

    private static float[] ToArray(OrtValue value) => value.GetTensorTypeAndShape().ElementDataType switch
    {
        TensorElementType.Float => value.GetTensorDataAsSpan<float>().ToArray(),
        TensorElementType.Double => Array.ConvertAll(value.GetTensorDataAsSpan<double>().ToArray(), number => (float)number),
        TensorElementType.Float16 => Array.ConvertAll(MemoryMarshal.Cast<Float16, Half>(value.GetTensorDataAsSpan<Float16>()).ToArray(), number => (float)number),
        var type => throw new WeightsFormatException($"The graph gives numbers of {type}, where Float, Float16 or Double is needed."),
    };

    private long[] Sizes((int Width, int Height) size) => IsInterleaved ? [1, size.Height, size.Width, 3] : [1, 3, size.Height, size.Width];

    private bool Admit((int Width, int Height) size) => CostOf(size).Bytes >= 0;

    /// <summary>Refuses what would cost more than a picture of that size may.</summary>
    private GraphCost CostOf((int Width, int Height) size)
    {
        GraphLimits limits = GraphLimits.For((long)size.Width * size.Height);
        return GraphCost.Of(_graph, _ => Sizes(size), limits with { Bytes = limits.Bytes + (2 * _fileBytes) });
    }

    /// <summary>Makes a session as graphs of others get it.</summary>
    internal static InferenceSession CreateSession(byte[] graph)
    {
        try
        {
            // Errors come as exceptions; ONNX Runtime would print them as well.
            using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, EnableMemoryPattern = false, IntraOpNumThreads = ProcessorThreads.Count };

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
