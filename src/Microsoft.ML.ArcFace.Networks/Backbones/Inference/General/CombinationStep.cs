using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Backbones.Inference.General;

/// <summary>Computes each number of two maps, or of a map and a constant, that are broadcast to each other along rows, columns and channels.</summary>
internal sealed unsafe class CombinationStep : InferenceStep
{
    private readonly ElementCombination _function;
    private readonly MapConstant? _constant;
    private readonly bool _isConstantFirst;

    /// <summary>Whether two maps of one size are combined, whose rows can be taken as a whole.</summary>
    private readonly bool _hasEqualMaps;

    /// <param name="input">The first map that is read.</param>
    /// <param name="other">The second one.</param>
    /// <param name="output">The map that is written.</param>
    /// <param name="function">Combines numbers of the first and the second map.</param>
    public CombinationStep(FeatureMap input, FeatureMap other, FeatureMap output, ElementCombination function)
        : base(input, output, other)
    {
        _function = function;
        bool isFull = output.UsedChannels == output.Channels;
        _hasEqualMaps = isFull && Array.TrueForAll([input, other], map => (map.Height, map.Width, map.UsedChannels, map.Channels) == (output.Height, output.Width, output.UsedChannels, output.Channels));
    }

    /// <param name="input">The map that is read.</param>
    /// <param name="constant">Numbers beside it.</param>
    /// <param name="isConstantFirst">Whether they are on the left.</param>
    /// <param name="output">The map that is written.</param>
    /// <param name="function">Combines numbers on the left and on the right.</param>
    public CombinationStep(FeatureMap input, MapConstant constant, bool isConstantFirst, FeatureMap output, ElementCombination function)
        : base(input, output, shortcut: null) => (_function, _constant, _isConstantFirst) = (function, constant, isConstantFirst);

    public override int PartCount(int images) => images * Output.Height;

    public override void Run(StepMemory memory, int images, int begin, int end)
    {
        if (_hasEqualMaps)
        {
            for (int line = begin; line < end; line++)
            {
                (int image, int row) = Math.DivRem(line, Output.Height);
                _function(RowOf(Input, memory.Input, image, row), RowOf(Shortcut!, memory.Shortcut, image, row), RowOf(Output, memory.Output, image, row));
            }

            return;
        }

        int channels = Output.UsedChannels;
        float[] first = new float[channels], second = new float[channels];
        for (int line = begin; line < end; line++)
        {
            (int image, int row) = Math.DivRem(line, Output.Height);
            for (int column = 0; column < Output.Width; column++)
            {
                ReadOnlySpan<float> left = Repeated(PixelOf(Input, memory.Input, image, row, column), first);
                ReadOnlySpan<float> right = Repeated(_constant is null ? PixelOf(Shortcut!, memory.Shortcut, image, row, column) : PixelOf(_constant, row, column), second);
                var results = new Span<float>((float*)memory.Output.Address + Output.Offset(image, row, column), Output.Channels);
                _function(_isConstantFirst ? right : left, _isConstantFirst ? left : right, results[..channels]);
                results[channels..].Clear();
            }
        }
    }

    public override void Dispose()
    {
    }

    private static Span<float> RowOf(FeatureMap map, MapMemory memory, int image, int row) => new((float*)memory.Address + map.Offset(image, row, 0), map.Width * map.Channels);

    private static ReadOnlySpan<float> PixelOf(FeatureMap map, MapMemory memory, int image, int row, int column) =>
        new((float*)memory.Address + map.Offset(image, map.Height == 1 ? 0 : row, map.Width == 1 ? 0 : column), map.UsedChannels);

    private static ReadOnlySpan<float> PixelOf(MapConstant constant, int row, int column)
    {
        int pixel = ((constant.Rows == 1 ? 0 : row) * constant.Columns) + (constant.Columns == 1 ? 0 : column);
        return constant.Values.AsSpan(pixel * constant.Channels, constant.Channels);
    }

    private static ReadOnlySpan<float> Repeated(ReadOnlySpan<float> values, float[] room)
    {
        if (values.Length == room.Length)
        {
            return values;
        }

        Array.Fill(room, values[0]);
        return room;
    }
}
