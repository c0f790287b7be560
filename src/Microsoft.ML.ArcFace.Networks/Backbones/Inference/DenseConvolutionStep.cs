using System.Runtime.CompilerServices;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// A convolution over all channels with bias, PReLU and shortcut: [images,H,W,in] → [images,H′,W′,out], in tiles of 6
/// pixels × a panel of channels. A row of the kernel meets neighboring values of the map, so nothing is gathered beforehand.
/// </summary>
internal sealed unsafe class DenseConvolutionStep<TPanel, TOutput> : InferenceStep
    where TPanel : unmanaged, IChannels<TPanel>
    where TOutput : unmanaged, IMapValue<TOutput>
{
    /// <summary>
    /// The most bytes of weights in a block, unless a single panel has more. The panels of a block are computed of a tile
    /// before the next tile, so that the places of its pixels, and their values in the nearest cache, serve all of them.
    /// </summary>
    private const int LargestBlock = 256 * 1024;

    /// <summary>Numbers of a cache line.</summary>
    private const int CacheLine = 16;

    private readonly ConvolutionWindow _window;
    private readonly int _tapsOfRow;
    private readonly int _tapLength;
    private readonly LayerActivation _activation;
    private readonly nint _inputStep;
    private readonly nint _outputStep;
    private readonly nint _shortcutStep;
    private readonly int _panels;

    /// <summary>Tiles of a row, see <see cref="ConvolutionTile.RunRow"/>; 0 where tiles have pixels of several rows.</summary>
    private readonly int _tilesOfRow;
    private readonly int _panelsOfBlock;
    private readonly NativeFloats _weights;     // [out/panel, kernel rows, kernel columns · in, panel]
    private readonly NativeFloats _bias;        // [out]
    private readonly NativeFloats? _slopes;     // [out]

    /// <param name="input">The map that is read, with the border that <paramref name="window"/> needs.</param>
    /// <param name="output">The map that is written; its channels are a multiple of those of a panel.</param>
    /// <param name="shortcut">What is added, of the shape of the output.</param>
    /// <param name="weights">[out, in, rows, columns] and [out]; outputs beyond are taken for 0.</param>
    /// <param name="activation">What is done with the sums.</param>
    /// <param name="window">The kernel.</param>
    public DenseConvolutionStep(FeatureMap input, FeatureMap output, FeatureMap? shortcut, LayerWeights weights, LayerActivation activation, ConvolutionWindow window)
        : base(input, output, shortcut)
    {
        // Columns side by side are one run of values.
        (_window, _activation, _tapsOfRow) = (window, activation, window.ColumnDilation == 1 ? 1 : window.Columns);
        _tapLength = window.Columns / _tapsOfRow * input.Channels;
        (_inputStep, _outputStep, _shortcutStep) = (window.ColumnStride * input.Channels, output.Channels, shortcut?.Channels ?? 0);
        _panels = output.Channels / TPanel.Count;
        _tilesOfRow = TPanel.IsOneRegister && output.Width >= ConvolutionTile.PixelsOfRow ? (output.Width + ConvolutionTile.PixelsOfRow - 1) / ConvolutionTile.PixelsOfRow : 0;
        _panelsOfBlock = PanelsOfBlock(_panels, Taps * _tapLength);
        _weights = new NativeFloats((long)output.Channels * Taps * _tapLength);
        _bias = new NativeFloats(output.Channels);
        _slopes = activation.Slopes is null ? null : Padded(activation.Slopes, output.Channels);
        Pack(weights);
    }

    private int Taps => _window.Rows * _tapsOfRow;

    // A part is a panel of a tile. They come block by block, so that the weights of one stay in the cache while all tiles pass by.
    public override int PartCount(int images) => _panels * TileCount(images);

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        if (_tilesOfRow > 0)
        {
            RunRows(memory, images, begin, end);
            return;
        }

        int tiles = TileCount(images), pixels = images * Output.Height * Output.Width;
        float** inputs = stackalloc float*[ConvolutionTile.Pixels];
        TOutput** outputs = stackalloc TOutput*[ConvolutionTile.Pixels], shortcuts = stackalloc TOutput*[ConvolutionTile.Pixels];
        nint* taps = stackalloc nint[Taps];
        FindTaps(taps);
        (int block, int rest) = Math.DivRem(begin, tiles * _panelsOfBlock);
        (int tile, int panel) = Math.DivRem(rest, _panelsOfBlock);
        PixelPlace place = PlaceOf(tile * ConvolutionTile.Pixels, memory);
        for (int part = begin; part < end;)
        {
            // Pixels behind the last one repeat it, and write their equal results to the same place.
            int firstPanel = block * _panelsOfBlock, firstChannel = firstPanel * TPanel.Count;
            int known = Math.Min(ConvolutionTile.Pixels, pixels - (tile * ConvolutionTile.Pixels));
            for (int pixel = 0; pixel < ConvolutionTile.Pixels; pixel++)
            {
                if (pixel < known)
                {
                    inputs[pixel] = place.Input;
                    outputs[pixel] = place.Output + firstChannel;
                    shortcuts[pixel] = place.Shortcut + firstChannel;
                    Advance(ref place, memory);
                }
                else
                {
                    inputs[pixel] = inputs[pixel - 1];
                    outputs[pixel] = outputs[pixel - 1];
                    shortcuts[pixel] = shortcuts[pixel - 1];
                }
            }

            TileFinish<TOutput> finish = FinishOf(firstChannel, outputs, shortcuts);
            for (; panel < _panelsOfBlock && part < end; panel++, part++)
            {
                float* weights = _weights.Data + ((nint)(firstPanel + panel) * Taps * _tapLength * TPanel.Count);
                ConvolutionTile.Run<TPanel, TOutput>(inputs, taps, Taps, _tapLength, weights, finish, panel * TPanel.Count);
            }

            panel = 0;
            if (++tile == tiles)
            {
                (block, tile, place) = (block + 1, 0, PlaceOf(0, memory));
            }
        }
    }

    /// <summary>The same in tiles of neighbors of a row, a panel after the other.</summary>
    private void RunRows(in StepMemory memory, int images, int begin, int end)
    {
        int tiles = TileCount(images), lastColumn = Output.Width - ConvolutionTile.PixelsOfRow;
        TOutput** outputs = stackalloc TOutput*[ConvolutionTile.PixelsOfRow], shortcuts = stackalloc TOutput*[ConvolutionTile.PixelsOfRow];
        nint* taps = stackalloc nint[Taps];
        FindTaps(taps);
        for (int part = begin; part < end;)
        {
            (int panel, int tile) = Math.DivRem(part, tiles);
            (int line, int tileOfRow) = Math.DivRem(tile, _tilesOfRow);
            float* weights = _weights.Data + ((nint)panel * Taps * _tapLength * TPanel.Count);
            PixelPlace row = PlaceOf(line * Output.Width, memory);
            TileFinish<TOutput> finish = FinishOf(panel * TPanel.Count, outputs, shortcuts);
            for (; tileOfRow < _tilesOfRow && part < end; tileOfRow++, part++)
            {
                // The last pixels overlap the ones before where the width is no multiple.
                nint column = Math.Min(tileOfRow * ConvolutionTile.PixelsOfRow, lastColumn);
                for (nint pixel = 0; pixel < ConvolutionTile.PixelsOfRow; pixel++)
                {
                    outputs[pixel] = row.Output + ((column + pixel) * _outputStep) + (panel * TPanel.Count);
                    shortcuts[pixel] = row.Shortcut + ((column + pixel) * _shortcutStep) + (panel * TPanel.Count);
                }

                ConvolutionTile.RunRow<TPanel, TOutput>(row.Input + (column * _inputStep), _inputStep, taps, Taps, _tapLength, weights, finish, 0);
            }
        }
    }

    public override void Dispose()
    {
        _weights.Dispose();
        _bias.Dispose();
        _slopes?.Dispose();
    }

    /// <summary>Where the taps of a window begin.</summary>
    private void FindTaps(nint* taps)
    {
        for (int tap = 0; tap < Taps; tap++)
        {
            (int row, int column) = Math.DivRem(tap, _tapsOfRow);
            taps[tap] = ((nint)row * _window.RowDilation * Input.RowStride) + ((nint)column * _window.ColumnDilation * Input.Channels);
        }
    }

    private TileFinish<TOutput> FinishOf(int firstChannel, TOutput** outputs, TOutput** shortcuts) => new()
    {
        Bias = _bias.Data + firstChannel,
        Slopes = _slopes is null ? null : _slopes.Data + firstChannel,
        IsLimited = _activation.IsLimited,
        Least = _activation.Least,
        Most = _activation.Most,
        Shortcuts = Shortcut is null ? null : shortcuts,
        Outputs = outputs,
    };

    private PixelPlace PlaceOf(int pixel, in StepMemory memory)
    {
        (int line, int column) = Math.DivRem(pixel, Output.Width);
        (int image, int row) = Math.DivRem(line, Output.Height);
        return new PixelPlace
        {
            Pixel = pixel,
            Left = Output.Width - column,
            Input = (float*)memory.Input.Address + Input.Offset(image, (row * _window.RowStride) - _window.Top, (column * _window.ColumnStride) - _window.Left),
            Output = (TOutput*)memory.Output.Address + Output.Offset(image, row, column),
            Shortcut = Shortcut is null ? null : (TOutput*)memory.Shortcut.Address + Shortcut.Offset(image, row, column),
        };
    }

    /// <summary>To the next pixel: within a row, without the multiplications of <see cref="PlaceOf"/>, which were a quarter of a 1×1 convolution of 16 channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Advance(ref PixelPlace place, in StepMemory memory)
    {
        place.Pixel++;
        if (--place.Left == 0)
        {
            place = PlaceOf(place.Pixel, memory);
            return;
        }

        place.Input += _inputStep;
        place.Output += _outputStep;
        place.Shortcut += _shortcutStep;
    }

    private int TileCount(int images) => _tilesOfRow > 0 ? images * Output.Height * _tilesOfRow : ((images * Output.Height * Output.Width) + ConvolutionTile.Pixels - 1) / ConvolutionTile.Pixels;

    /// <summary>As many panels as <see cref="LargestBlock"/> allows: a power of two that divides all of them.</summary>
    private static int PanelsOfBlock(int panels, int weightsOfChannel)
    {
        int together = 1;
        while (panels % (2 * together) == 0 && 2L * together * TPanel.Count * weightsOfChannel * sizeof(float) <= LargestBlock)
        {
            together *= 2;
        }

        return together;
    }

    /// <summary>Reads the weights in blocks of as many outputs as fill a cache line of the panel that they go to.</summary>
    private void Pack(LayerWeights weights)
    {
        int rows = Math.Min(CacheLine, TPanel.Count), blocks = Output.Channels / rows, threads = Math.Min(ProcessorThreads.Count, blocks);
        ParallelLoop.Run(threads, threads, thread =>
        {
            using var buffer = new NativeFloats((long)rows * weights.Columns);
            for (int block = (int)((long)blocks * thread / threads); block < (int)((long)blocks * (thread + 1) / threads); block++)
            {
                int first = block * rows, known = Math.Clamp(weights.Outputs - first, 0, rows);
                var biases = new Span<float>(_bias.Data + first, rows);
                biases[known..].Clear();
                new Span<float>(buffer.Data + ((nint)known * weights.Columns), (rows - known) * weights.Columns).Clear();
                weights.Read(first, new Span<float>(buffer.Data, known * weights.Columns), biases[..known]);
                (int panel, int lane) = Math.DivRem(first, TPanel.Count);
                Pack(buffer.Data, rows, weights.Columns, _weights.Data + ((nint)panel * Taps * _tapLength * TPanel.Count) + lane);
            }
        });
    }

    /// <summary>Brings rows [in, kernel] to lanes of a panel [kernel, in, panel].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pack(float* from, int rows, int columns, float* to)
    {
        int area = _window.Rows * _window.Columns;
        for (int position = 0; position < area; position++)
        {
            for (int column = position; column < columns; column += area, to += TPanel.Count)
            {
                float* value = from + column;
                for (int row = 0; row < rows; row++, value += columns)
                {
                    to[row] = *value;
                }
            }

            for (int channel = Input.UsedChannels; channel < Input.Channels; channel++, to += TPanel.Count)
            {
                new Span<float>(to, rows).Clear();
            }
        }
    }

    private static NativeFloats Padded(float[] values, int length)
    {
        Array.Resize(ref values, length);
        return new NativeFloats(values);
    }

    private struct PixelPlace
    {
        public int Pixel;

        /// <summary>Pixels of the row from this one on.</summary>
        public int Left;
        public float* Input;
        public TOutput* Output;
        public TOutput* Shortcut;
    }
}
