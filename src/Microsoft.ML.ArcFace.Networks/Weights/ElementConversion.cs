using System.Numerics;
using System.Runtime.InteropServices;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>Converts elements from one type to another, rounding to the nearest.</summary>
internal static class ElementConversion
{
    /// <summary>Whether a type is one of real numbers.</summary>
    public static bool IsReal(ElementType type) => type is ElementType.Float64 or ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16;

    /// <summary>Converts all elements.</summary>
    /// <exception cref="NotSupportedException">Real numbers are to become whole ones.</exception>
    public static void Convert(ReadOnlySpan<byte> source, ElementType type, Span<byte> target, ElementType targetType)
    {
        if (type == targetType)
        {
            source.CopyTo(target);
            return;
        }

        if (IsReal(type) && !IsReal(targetType))
        {
            throw new NotSupportedException($"Elements of {type} are not converted to {targetType}.");
        }

        for (int from = 0, to = 0, size = SafetensorsType.SizeOf(type), targetSize = SafetensorsType.SizeOf(targetType); from < source.Length; from += size, to += targetSize)
        {
            if (IsReal(targetType))
            {
                WriteReal(IsReal(type) ? ReadReal(source[from..], type) : ReadWhole(source[from..], type), target[to..], targetType);
            }
            else
            {
                WriteWhole(ReadWhole(source[from..], type), target[to..], targetType);
            }
        }
    }

    /// <summary>Whether all elements are finite; whole numbers always are.</summary>
    public static bool AreFinite(ReadOnlySpan<byte> elements, ElementType type) => type switch
    {
        ElementType.Float64 => AreFinite(MemoryMarshal.Cast<byte, double>(elements)),
        ElementType.Float32 => AreFinite(MemoryMarshal.Cast<byte, float>(elements)),
        ElementType.Float16 => AreFinite(MemoryMarshal.Cast<byte, Half>(elements)),
        ElementType.BFloat16 => AreFiniteBFloat16(MemoryMarshal.Cast<byte, ushort>(elements)),
        _ => true,
    };

    private static bool AreFinite<T>(ReadOnlySpan<T> values)
        where T : unmanaged, INumberBase<T>
    {
        foreach (T value in values)
        {
            if (!T.IsFinite(value))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AreFiniteBFloat16(ReadOnlySpan<ushort> values)
    {
        const ushort exponent = 0x7F80;
        foreach (ushort value in values)
        {
            if ((value & exponent) == exponent)
            {
                return false;
            }
        }

        return true;
    }

    private static double ReadReal(ReadOnlySpan<byte> bytes, ElementType type) => type switch
    {
        ElementType.Float64 => MemoryMarshal.Read<double>(bytes),
        ElementType.Float32 => MemoryMarshal.Read<float>(bytes),
        ElementType.Float16 => (double)MemoryMarshal.Read<Half>(bytes),
        _ => BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Read<ushort>(bytes) << 16),
    };

    private static void WriteReal(double value, Span<byte> bytes, ElementType type)
    {
        switch (type)
        {
            case ElementType.Float64:
                MemoryMarshal.Write(bytes, value);
                break;
            case ElementType.Float32:
                MemoryMarshal.Write(bytes, (float)value);
                break;
            case ElementType.Float16:
                MemoryMarshal.Write(bytes, (Half)value);
                break;
            default:
                MemoryMarshal.Write(bytes, ToBFloat16((float)value));
                break;
        }
    }

    private static long ReadWhole(ReadOnlySpan<byte> bytes, ElementType type) => type switch
    {
        ElementType.Int64 => MemoryMarshal.Read<long>(bytes),
        ElementType.Int32 => MemoryMarshal.Read<int>(bytes),
        ElementType.Int16 => MemoryMarshal.Read<short>(bytes),
        ElementType.Int8 => (sbyte)bytes[0],
        _ => bytes[0],
    };

    private static void WriteWhole(long value, Span<byte> bytes, ElementType type)
    {
        switch (type)
        {
            case ElementType.Int64:
                MemoryMarshal.Write(bytes, value);
                break;
            case ElementType.Int32:
                MemoryMarshal.Write(bytes, (int)value);
                break;
            case ElementType.Int16:
                MemoryMarshal.Write(bytes, (short)value);
                break;
            case ElementType.Bool:
                bytes[0] = value == 0 ? (byte)0 : (byte)1;
                break;
            default:
                bytes[0] = (byte)value;
                break;
        }
    }

    /// <summary>Rounded to the nearest, ties to the even one.</summary>
    private static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
